"""The Tapo cameras' stream on port 8800: what their app uses, and all that those with a battery have."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from backsight_agent.adapters.awaiting import asking, next_arrivals, reached
from backsight_agent.adapters.pull import TcpPull
from backsight_agent.camera_ports import CameraRefusedLogin, StreamRefused
from backsight_agent.domain import vhttpd
from backsight_agent.domain.annexb import AccessUnits
from backsight_agent.domain.media import Arrival, VideoCodec, VideoUnit
from backsight_agent.domain.mpegts import Pes, StampLine, TsDemuxer
from backsight_agent.domain.multipart import MultipartReader, Part
from backsight_agent.domain.unusable import Unusable
from backsight_shared.clock import Clock

CONNECT_S = 15.0  # seconds; one that sleeps needs some to wake up
SILENCE_S = 10.0  # seconds without picture or sound
BREATH_S = 0.3  # seconds between two looks at the connection; packets carry their time, so they can wait
BUSY_BYTES = 65_536  # after a look that brought more than this, the next one is due at once
QUALITIES = {"main": "HD", "sub": "VGA"}


class VhttpdSource:
    """One Tapo camera's stream, or what hangs on a hub. `password` is the one of its cloud account."""

    def __init__(
        self,
        host: str,
        port: int,
        password: str,
        clock: Clock,
        *,
        target: vhttpd.Target = vhttpd.OWN,
        quality: str = "main",
        audio_hz: int = 8000,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._host = host
        self._port = port
        self._password = password
        self._clock = clock
        self._target = target
        self._quality = QUALITIES[quality]
        self._audio_hz = audio_hz
        self._silence_s = silence_s

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """Connect, ask, and iterate over what arrives; see the port."""
        raw = await reached(self._host, self._port, CONNECT_S, self._where, self._target.powered)
        with closing(TcpPull(raw)) as wire:
            reader, parts = await self._ask(wire)
            keys = vhttpd.secrets_of(reader.headers.get("key-exchange", ""), self._password, self._target)
            units = _Units(keys, self._audio_hz, self._where)
            async with aclosing(self._arrivals(wire, reader, parts, units)) as arrivals:
                yield arrivals

    async def _ask(self, wire: TcpPull) -> tuple[MultipartReader, list[Part]]:
        """Sign in and ask for the picture; the answer's head and the parts that came right behind it."""
        with asking(self._where):
            async with asyncio.timeout(self._silence_s):
                reader, parts = await self._exchange(wire, "")
                if reader.status == 401:
                    challenge = reader.headers.get("www-authenticate", "")
                    cnonce = secrets.token_hex(8)
                    login = vhttpd.authorization(challenge, self._password, cnonce, self._target)
                    reader, parts = await self._exchange(wire, login)
                self._refuse(reader.status)
                await wire.write(vhttpd.preview(self._quality))
                return reader, parts

    async def _exchange(self, wire: TcpPull, login: str) -> tuple[MultipartReader, list[Part]]:
        """One request; a refusal's body is swallowed, so that the next can follow on this connection."""
        reader, parts = MultipartReader(), list[Part]()
        await wire.write(vhttpd.request(self._host, self._port, login, self._target))
        while reader.status is None or reader.body_left > 0:
            parts += reader.feed(await _some(wire))
        return reader, parts

    def _refuse(self, status: int | None) -> None:
        if status == 401:
            raise CameraRefusedLogin(
                f"{self._where} refused the login: password_file must hold the password of the Tapo account "
                "that the camera belongs to"
            )
        if status != 200:
            raise StreamRefused(f"{self._where} answers with HTTP status {status} instead of its stream")

    async def _arrivals(
        self, wire: TcpPull, reader: MultipartReader, parts: list[Part], units: "_Units"
    ) -> AsyncGenerator[Arrival, None]:
        async def pull() -> list[Arrival]:
            come = reader.feed(await _some(wire))
            return units.arrivals(come, self._clock.monotonic())

        made: list[Arrival] | None = units.arrivals(parts, self._clock.monotonic())
        while made is not None:
            for arrival in made:
                yield arrival
            if made and sum(len(arrival.unit.data) for arrival in made) < BUSY_BYTES:
                await self._clock.sleep(BREATH_S)
            made = await next_arrivals(pull, self._silence_s, self._host, self._where)

    @property
    def _where(self) -> str:
        return f"port {self._port} of the {self._target.holder} at {self._host}"


class _Units:
    """Turns parts into units: decrypted, out of their transport stream, on one media clock."""

    def __init__(self, keys: vhttpd.Secrets | None, audio_hz: int, where: str) -> None:
        self._keys = keys
        self._audio_hz = audio_hz
        self._where = where
        self._demuxer = TsDemuxer()
        self._line = StampLine()
        self._wholes: dict[VideoCodec, AccessUnits] = {}

    def arrivals(self, parts: list[Part], at: float) -> list[Arrival]:
        """What these parts complete. Raises Unusable and StreamRefused."""
        made: list[Arrival] = []
        for part in parts:
            body = self._plain(part)
            if part.kind == "application/json":
                if why := vhttpd.refusal(body):
                    raise StreamRefused(f"{self._where} does not give its stream ({why})")
            elif part.kind == "video/mp2t":
                made += [arrival for pes in self._demuxer.feed(body) if (arrival := self._arrival(pes, at))]
        return made

    def _plain(self, part: Part) -> bytes:
        if not part.encrypted:
            return part.body
        if self._keys is None or len(part.body) % 16 or not part.body:
            raise Unusable("the camera encrypts its stream in a way that we do not know")
        decryptor = Cipher(algorithms.AES(self._keys.key), modes.CBC(self._keys.iv)).decryptor()
        plain = decryptor.update(part.body) + decryptor.finalize()
        return plain[: len(plain) - min(plain[-1], 16)]

    def _arrival(self, pes: Pes, at: float) -> Arrival | None:
        pts_us = self._line.us(pes.stamp)
        if codec := vhttpd.VIDEO.get(pes.stream_type):
            whole = self._wholes.setdefault(codec, AccessUnits(codec)).take(pes.data)
            return Arrival(VideoUnit(whole[0], pts_us, whole[1], codec), at) if whole else None
        heard = vhttpd.chunk(pes.stream_type, pes.data, pts_us, self._audio_hz)
        return Arrival(heard, at) if heard else None


async def _some(wire: TcpPull) -> bytes:
    data = await wire.read()
    if not data:
        raise EOFError
    return data
