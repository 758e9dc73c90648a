"""Port 8800 of a simulated Tapo camera: Digest with a hashed password, encrypted MPEG-TS in multipart."""

import asyncio
import hashlib
import json
import re
import secrets
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from simcam import sound
from simcam.httpwire import Request, answer, read_request
from simcam.projector import Render, project, wait_while_stalled
from simcam.settings import Fault, Sound
from simcam.timeline import FPS, blocks_before
from simcam.transport import Transport

if TYPE_CHECKING:
    from simcam.tapo_camera import SimTapo

REALM = "TP-Link IP-Camera"
USER = "admin"
DEVICE = b"----device-stream-boundary--\r\n"
SECRET_WITHOUT_ENCRYPTION = "TPL075526460603"
TICKS = 90_000 // FPS
TABLES_EVERY = 15  # frames

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,;]+))')


class MediaConnection:
    """One client of the stream."""

    def __init__(self, camera: "SimTapo", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._camera = camera
        self._reader = reader
        self._writer = writer
        self._nonce = secrets.token_hex(16)
        self._opaque = secrets.token_hex(16)

    async def talk(self) -> None:
        """Login, request, stream until the client leaves."""
        while (request := await read_request(self._reader)) and not self._may(request):
            await wait_while_stalled(self._camera, self._writer)
            self._writer.write(self._challenge())
            await self._writer.drain()
        if request is None:
            return
        await wait_while_stalled(self._camera, self._writer)
        if refusal := self._refusal(request):
            self._writer.write(answer(refusal))
            await self._writer.drain()
            return
        self._writer.write(self._head())
        await self._writer.drain()
        await self._asked()
        first = self._camera.first_frame()
        await project(self._camera, self._writer, "8800", first, self._renderer(first))

    def _challenge(self) -> bytes:
        """A hub's is as in go2rtc issue 1174: without encrypt_type, and it does not close the connection."""
        if not self._camera.answers.child_id:
            asked = f'Digest realm="{REALM}", nonce="{self._nonce}", qop="auth", encrypt_type="3"'
            return answer("401 Unauthorized", headers={"WWW-Authenticate": asked})
        asked = (
            f'Digest realm="{REALM}",qop="auth",nonce="{self._nonce}",opaque="{self._opaque}",algorithm="MD5"'
        )
        cookie = f"TP_HTTP_COOKIE={self._nonce}; path=/"
        told = {"Cache-Control": "no-cache", "Connection": "close"}
        told |= {"WWW-Authenticate": asked, "Set-Cookie": cookie}
        return answer("401 Unauthorized", b"HTTP ERROR 401", told)

    def _refusal(self, request: Request) -> str:
        """Why there is no stream. What a hub says to an id that it does not know is assumed."""
        if request.query.get("deviceId", "") != self._camera.answers.child_id:
            return "404 Not Found"
        return "503 Service Unavailable" if self._camera.private else ""

    def _may(self, request: Request) -> bool:
        said = _fields(request.headers.get("authorization", ""))
        if (
            self._camera.fault is Fault.UNAUTHORIZED
            or request.method != "POST"
            or said.get("username") != USER
            or said.get("uri") != request.target
        ):
            return False
        if self._camera.answers.child_id and said.get("opaque") != self._opaque:
            return False
        user = _md5(f"{USER}:{REALM}:{self._hashed}")
        call = _md5(f"POST:{request.target}")
        proof = f"{user}:{self._nonce}:{said.get('nc')}:{said.get('cnonce')}:auth:{call}"
        return secrets.compare_digest(said.get("response", ""), _md5(proof))

    @property
    def _hashed(self) -> str:
        return hashlib.sha256(self._camera.setup.logins.password.encode()).hexdigest().upper()

    @property
    def _owner(self) -> str:
        return USER if self._camera.setup.habits.media_encrypted else "none"

    def _head(self) -> bytes:
        exchange = f'cipher="AES_128_CBC" username="{self._owner}" padding="PKCS7_16" algorithm="MD5" '
        exchange += f'nonce="{self._nonce}"'
        if not self._camera.answers.child_id:  # a hub leaves it out of its challenge; here it is assumed
            exchange += ' encrypt_type="3"'
        lines = ("HTTP/1.0 200 OK", "Content-Type: multipart/mixed;boundary=--device-stream-boundary--")
        return "\r\n".join([*lines, f"Key-Exchange: {exchange}", "", ""]).encode()

    async def _asked(self) -> None:
        """Wait for the part that asks for the picture, and say yes."""
        while (await self._reader.readline()).strip():
            pass
        await self._reader.readuntil(b"}")
        said = {"type": "response", "seq": 1, "params": {"error_code": 0, "session_id": "9"}}
        self._writer.write(_part("application/json", json.dumps(said).encode(), encrypted=False))

    def _renderer(self, first: int) -> Render:
        camera, habits = self._camera, self._camera.setup.habits
        law = None if habits.sound is Sound.OFF else "ulaw" if habits.wide_sound else "alaw"
        stream = Transport(camera.film.plan.codec, law)

        def render(index: int) -> bytes:
            out = [stream.tables()] if (index - first) % TABLES_EVERY == 0 else []
            out.append(stream.video(camera.film.access_unit(index), index * TICKS))
            for block in range(blocks_before(index - 1), blocks_before(index)) if law else ():
                stamp = block * sound.BLOCK_SAMPLES * 90_000 // sound.SAMPLE_RATE
                heard = sound.block(law or "alaw", block)
                if habits.wide_sound:
                    heard = bytes(sample for sample in heard for _ in range(2))
                out.append(stream.sound(heard, stamp))
            return _part("video/mp2t", self._encrypted(b"".join(out)), encrypted=True)

        return render

    def _encrypted(self, plain: bytes) -> bytes:
        secret = self._hashed if self._owner == USER else SECRET_WITHOUT_ENCRYPTION
        key, iv = _digest(f"{self._nonce}:{secret}"), _digest(f"{self._owner}:{self._nonce}")
        padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def _part(kind: str, body: bytes, *, encrypted: bool) -> bytes:
    lines = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", f"X-If-Encrypt: {int(encrypted)}"]
    return DEVICE + "\r\n".join([*lines, "X-Session-Id: 9", "", ""]).encode() + body + b"\r\n"


def _fields(header: str) -> dict[str, str]:
    return {name: quoted or plain for name, quoted, plain in _FIELD.findall(header)}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.md5(text.encode()).digest()
