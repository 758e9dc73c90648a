"""Every target of the fuzz, on simulated cameras of its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backsight_agent.adapters.multipart_stream import MultipartSource
from backsight_agent.adapters.rtsp_stream import RtspSource
from backsight_agent.adapters.vhttpd_stream import VhttpdSource
from backsight_agent.camera_ports import Source
from backsight_agent.domain.login import Login
from fuzzing.discovery import fuzz_discovery
from fuzzing.streams import MakeSource, Outcome, fuzz, record
from simcam.certificate import server_tls
from simcam.multipart import Framing
from simcam.settings import Habits, Logins, Ports
from simcam.street import Street

SIZE = (256, 144)
PORTS = Ports(https=8443, rtsp=8554)
SILENCE_S = 1.0  # seconds; a conversation that is broken off is waited for so long
LOGINS = Logins()


class HastyClock:
    """Never rests: a tape is read as fast as it comes."""

    def now_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Result:
    """One target's."""

    target: str
    outcome: Outcome


def kasa_source(host: str, port: int, silence_s: float = SILENCE_S) -> Source:
    """Reads 19443."""
    login = Login(LOGINS.email, LOGINS.password)
    return MultipartSource(host, port, login, HastyClock(), silence_s=silence_s)


def tapo_source(host: str, port: int) -> Source:
    """Reads 554."""
    login = Login(LOGINS.camera_user, LOGINS.camera_password)
    return RtspSource(host, port, "/stream1", login, HastyClock(), silence_s=SILENCE_S)


def media_source(host: str, port: int) -> Source:
    """Reads 8800."""
    return VhttpdSource(host, port, LOGINS.password, HastyClock(), silence_s=SILENCE_S)


async def fuzz_all(rounds: int, seed: int) -> AsyncIterator[Result]:
    """Each target so many rounds. Raises Broke at the first that breaks."""
    for framing in Framing:
        async with Street(kasa=1, tapo=0, size=SIZE, habits=Habits(framing=framing)) as street:
            port = street.cameras[0].setup.ports.stream
            outcome = await _stream(street, port, kasa_source, rounds, seed)
            yield Result(f"multipart {framing}", outcome)
    async with Street(kasa=0, tapo=1, size=SIZE, ports=PORTS) as street:
        yield Result("rtsp", await _stream(street, PORTS.rtsp, tapo_source, rounds, seed))
        yield Result("8800", await _stream(street, PORTS.media, media_source, rounds, seed))
    async with Street(kasa=1, tapo=1, size=SIZE, ports=PORTS) as street:
        understood = await fuzz_discovery(street, rounds, seed)
        outcome = Outcome(rounds)
        outcome.ends.update({"understood": understood, "refused": rounds - understood})
        yield Result("discovery", outcome)


async def _stream(street: Street, port: int, make: MakeSource, rounds: int, seed: int) -> Outcome:
    tls = server_tls() if make is kasa_source else None
    tape = await record(street.cameras[0].address, port, tls, make)
    return await fuzz(tape, tls, make, rounds, seed)
