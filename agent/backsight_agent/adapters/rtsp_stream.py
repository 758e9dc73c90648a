"""The Tapo cameras' stream: RTSP on port 554, interleaved in one TCP connection.

Spoken here and not by FFmpeg, which needs a thread for each camera and twice the work for the same packets,
plays on over garbage, cannot be stopped while it waits, and puts the password into its messages.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, closing, suppress

from backsight_agent.adapters.awaiting import asking, next_arrivals, reached
from backsight_agent.adapters.pull import TcpPull
from backsight_agent.adapters.rtsp_session import PlayedTrack, RtspSession
from backsight_agent.camera_ports import StreamBroken
from backsight_agent.domain.login import Login
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.rtp_units import RtpUnits
from backsight_shared.clock import Clock

PORT = 554
CONNECT_S = 5.0  # seconds
SILENCE_S = 10.0  # seconds without picture or sound: the connection of a stalled camera stays open for ever
BREATH_S = 0.3  # seconds between two looks at the connection; packets carry their time, so they can wait
BUSY_BYTES = 65_536  # after a look that brought more than this, the next one is due at once
GOODBYE_S = 0.2  # seconds


class RtspSource:
    """One Tapo camera's stream."""

    def __init__(
        self, host: str, port: int, path: str, login: Login, clock: Clock, *, silence_s: float = SILENCE_S
    ) -> None:
        self._host = host
        self._port = port
        self._path = path
        self._login = login
        self._clock = clock
        self._silence_s = silence_s

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """Connect, play, and iterate over what arrives; see the port."""
        raw = await reached(self._host, self._port, CONNECT_S, self._where, "the camera plugged in")
        with closing(TcpPull(raw)) as wire:
            url = f"rtsp://{self._host}:{self._port}{self._path}"
            session = RtspSession(wire, url, self._where, self._login)
            units = _units(await self._play(session))
            async with aclosing(self._arrivals(session, units)) as arrivals:
                try:
                    yield arrivals
                finally:
                    await _say_goodbye(session)

    async def _play(self, session: RtspSession) -> list[PlayedTrack]:
        with asking(self._where):
            async with asyncio.timeout(self._silence_s):
                return await session.play()

    async def _arrivals(self, session: RtspSession, units: RtpUnits) -> AsyncGenerator[Arrival, None]:
        async def pull() -> list[Arrival]:
            packets = await session.packets()
            now = self._clock.monotonic()
            return [arrival for packet in packets for arrival in units.take(packet, now)]

        reminded = self._clock.monotonic()
        while (made := await next_arrivals(pull, self._silence_s, self._host, self._where)) is not None:
            for arrival in made:
                yield arrival
            if self._clock.monotonic() - reminded > session.alive_s / 2:
                reminded = self._clock.monotonic()
                await self._remind(session)
            if sum(len(arrival.unit.data) for arrival in made) < BUSY_BYTES:
                await self._clock.sleep(BREATH_S)

    async def _remind(self, session: RtspSession) -> None:
        try:
            async with asyncio.timeout(self._silence_s):
                await session.keep_alive()
        except OSError as error:
            raise StreamBroken(f"the connection to the camera at {self._host} was cut") from error

    @property
    def _where(self) -> str:
        return f"port {self._port} of the camera at {self._host}"


def _units(tracks: list[PlayedTrack]) -> RtpUnits:
    return RtpUnits([(track.offer, track.channel, track.first_stamp) for track in tracks])


async def _say_goodbye(session: RtspSession) -> None:
    with suppress(OSError):
        async with asyncio.timeout(GOODBYE_S):
            await session.hang_up()
