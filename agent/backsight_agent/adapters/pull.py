"""Connections that are read only when somebody asks, so that many small parts cost one wake-up.

asyncio's own streams read, decrypt and copy at every arriving packet: at 30 parts a second that alone is
more than the whole budget of recording a camera. Here the bytes wait in the kernel until they are pulled.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

PULL_BYTES = 262_144
OP_LEGACY_SERVER_CONNECT = 0x4  # OpenSSL's; the ssl module has a name for it from Python 3.12 on


def camera_tls() -> ssl.SSLContext:
    """For cameras: their certificates are self-signed and never verify, their ciphers may be old.

    The address is the owner's own network; what is protected is only the camera's login against onlookers.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # KC410S firmware stops at TLS 1.0
    context.set_ciphers("HIGH:MEDIUM:!aNULL:!eNULL:!PSK:@SECLEVEL=0")  # RSA key exchange, 1024-bit keys
    context.options |= OP_LEGACY_SERVER_CONNECT
    return context


async def connect(host: str, port: int) -> socket.socket:
    """A connection without TLS as yet. Raises OSError. Timeouts are the caller's, here and below."""
    loop = asyncio.get_running_loop()
    family, kind, proto, _, address = (await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
    raw = socket.socket(family, kind, proto)
    try:
        raw.setblocking(False)
        await loop.sock_connect(raw, address)
    except BaseException:
        raw.close()
        raise
    return raw


class TcpPull:
    """A plain connection; whoever opened it closes it."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._raw, data)

    async def read(self) -> bytes:
        """What has come since the last call, at least one byte; nothing when the other side has closed."""
        return await asyncio.get_running_loop().sock_recv(self._raw, PULL_BYTES)

    def close(self) -> None:
        self._raw.close()


class TlsPull:
    """The same with TLS."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def handshake(self) -> None:
        """Raises ssl.SSLError or OSError."""
        while not self._done(self._tls.do_handshake):
            await self._flush()
            await self._fill()
        await self._flush()

    async def write(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def read(self) -> bytes:
        """What has come since the last call, at least one byte; nothing when the other side has closed."""
        while True:
            data = self._decrypted()
            if data or self._incoming.eof:
                return data
            await self._fill()

    def close(self) -> None:
        """Close at once. A camera needs no farewell."""
        self._raw.close()

    def _decrypted(self) -> bytes:
        pieces = []
        try:
            while piece := self._tls.read(PULL_BYTES):
                pieces.append(piece)
            self._incoming.write_eof()  # a goodbye, though the connection may stay open
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self._incoming.write_eof()
        return b"".join(pieces)

    async def _fill(self) -> None:
        data = await asyncio.get_running_loop().sock_recv(self._raw, PULL_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await asyncio.get_running_loop().sock_sendall(self._raw, self._outgoing.read())

    @staticmethod
    def _done(step: Callable[[], None]) -> bool:
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        return True
