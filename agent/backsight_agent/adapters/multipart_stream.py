"""The Kasa cameras' stream: multipart over HTTPS on port 19443."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing
from typing import Literal

from backsight_agent.adapters.awaiting import asking, next_arrivals, reached
from backsight_agent.adapters.pull import TlsPull, camera_tls
from backsight_agent.camera_ports import CameraOff, CameraRefusedLogin, StreamRefused
from backsight_agent.domain.annexb import AccessUnits
from backsight_agent.domain.login import Login
from backsight_agent.domain.media import Arrival, AudioChunk, VideoCodec, VideoUnit
from backsight_agent.domain.multipart import MultipartReader, Part
from backsight_shared.clock import Clock

PORT = 19443
CONNECT_S = 5.0  # seconds
SILENCE_S = 10.0  # seconds without a part: the connection of a stalled camera stays open for ever
BREATH_S = 0.3  # seconds between two looks at the connection; parts with time stamps can wait in the kernel
BUSY_BYTES = 65_536  # after a look that brought more than this, the next one is due at once

_VIDEO: dict[str, VideoCodec] = {"video/x-h264": "h264", "video/x-h265": "hevc"}
_AUDIO: dict[str, Literal["mulaw", "alaw"]] = {"audio/g711u": "mulaw", "audio/g711a": "alaw"}


class MultipartSource:
    """One Kasa camera's stream."""

    def __init__(
        self, host: str, port: int, login: Login, clock: Clock, *, silence_s: float = SILENCE_S
    ) -> None:
        self._host = host
        self._port = port
        self._login = login
        self._clock = clock
        self._silence_s = silence_s
        self._tls = camera_tls()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """Connect, ask, and iterate over what arrives; see the port."""
        raw = await reached(self._host, self._port, CONNECT_S, self._where, "the camera plugged in")
        with closing(TlsPull(raw, self._tls, self._host)) as wire:
            async with aclosing(self._arrivals(wire, *await self._ask(wire))) as arrivals:
                yield arrivals

    async def _ask(self, wire: TlsPull) -> tuple[MultipartReader, list[Part]]:
        """Send the request and read the answer's head, with the parts that came right behind it."""
        reader = MultipartReader()
        with asking(self._where):
            async with asyncio.timeout(self._silence_s):
                await wire.handshake()
                await wire.write(self._request())
                parts: list[Part] = []
                while reader.status is None:
                    parts = await self._pull(wire, reader)
        self._refuse(reader.status)
        return reader, parts

    def _request(self) -> bytes:
        """Basic login, sent at once; the password goes as its own base64 (facts: Kasa 19443)."""
        secret = b64encode(self._login.password.encode()).decode()
        basic = b64encode(f"{self._login.username}:{secret}".encode()).decode()
        return (
            "GET /https/stream/mixed?video=h264&audio=g711&resolution=hd HTTP/1.1\r\n"
            f"Host: {self._host}:{self._port}\r\nAuthorization: Basic {basic}\r\n\r\n"
        ).encode()

    def _refuse(self, status: int) -> None:
        if status == 401:
            raise CameraRefusedLogin(
                f"the camera at {self._host} refused the login of {self._login.username}; "
                "check e-mail and password of its Kasa account in agent.toml"
            )
        if status == 503:
            raise CameraOff(f"the camera at {self._host} is switched off in the Kasa app")
        if status != 200:
            raise StreamRefused(f"{self._where} answers with HTTP status {status} instead of its stream")

    async def _arrivals(
        self, wire: TlsPull, reader: MultipartReader, parts: list[Part]
    ) -> AsyncGenerator[Arrival, None]:
        units = _Units()

        async def pull() -> list[Arrival]:
            return units.arrivals(await self._pull(wire, reader), self._clock.monotonic())

        made: list[Arrival] | None = units.arrivals(parts, self._clock.monotonic())
        while made is not None:
            for arrival in made:
                yield arrival
            if units.stamped and sum(len(arrival.unit.data) for arrival in made) < BUSY_BYTES:
                await self._clock.sleep(BREATH_S)
            made = await next_arrivals(pull, self._silence_s, self._host, self._where)

    async def _pull(self, wire: TlsPull, reader: MultipartReader) -> list[Part]:
        if data := await wire.read():
            return reader.feed(data)
        reader.finish()
        raise EOFError

    @property
    def _where(self) -> str:
        return f"port {self._port} of the camera at {self._host}"


class _Units:
    """Turns parts into units on one media clock: the parts' time stamps, or their arrival without any."""

    def __init__(self) -> None:
        self.stamped = False  # whether the camera sends time stamps
        self._wholes: dict[VideoCodec, AccessUnits] = {}
        self._last_us: int | None = None
        self._last_at = 0.0

    def arrivals(self, parts: list[Part], at: float) -> list[Arrival]:
        """What these parts are, without those that are neither picture nor sound."""
        made = [self._arrival(part, at) for part in parts]
        return [arrival for arrival in made if arrival]

    def _arrival(self, part: Part, at: float) -> Arrival | None:
        pts_us = self._pts_us(part, at)
        if codec := _VIDEO.get(part.kind):
            whole = self._wholes.setdefault(codec, AccessUnits(codec)).take(part.body)
            return Arrival(VideoUnit(whole[0], pts_us, whole[1], codec), at) if whole else None
        if law := _AUDIO.get(part.kind):
            return Arrival(AudioChunk(part.body, pts_us, law), at)
        return None

    def _pts_us(self, part: Part, at: float) -> int:
        self.stamped = part.stamp_us is not None
        if part.stamp_us is not None:
            pts_us = part.stamp_us
        elif self._last_us is None:
            pts_us = round(at * 1_000_000)
        else:
            pts_us = self._last_us + round((at - self._last_at) * 1_000_000)
        self._last_us, self._last_at = pts_us, at
        return pts_us
