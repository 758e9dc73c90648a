"""The UDP side of discovery: each camera answers from its own address and port."""

import asyncio
import socket
from collections.abc import Callable

Answer = Callable[[bytes], bytes | None]
Hear = Callable[[bytes, tuple[str, int]], None]


class Ear(asyncio.DatagramProtocol):
    """Hands what it hears to a function, with the sender's address."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._hear(data, addr)


class Beacon:
    """A camera's discovery port. A question it cannot read gets no answer."""

    def __init__(self, port: int, answer: Answer) -> None:
        self.port = port
        self.answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, address: str) -> None:
        """Bound to the exact address, because the client takes a reply's source as the camera's identity."""
        if self._transport is None:
            self._transport = await listen(address, self.port, self.hear)

    def shut(self) -> None:
        """Say nothing any more."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def hear(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question, wherever it was heard."""
        if self._transport is not None and (reply := self.answer(data)) is not None:
            self._transport.sendto(reply, addr)


async def listen(address: str, port: int, hear: Hear, shared: bool = False) -> asyncio.DatagramTransport:
    """Hear datagrams; a shared address is a broadcast address, where every run hears every question."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((address, port))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Ear(hear), sock=sock)
    except BaseException:
        sock.close()
        raise
    return transport
