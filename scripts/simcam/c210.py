"""A simulated Tapo C210: discovery on UDP 20002, SslAes control on 443, RTSP on 554."""

import asyncio

from simcam.c210_answers import C210Answers
from simcam.c210_control import TapoControl
from simcam.c210_rtsp import RtspConnection
from simcam.camera import SimCamera
from simcam.certificate import server_tls
from simcam.door import Door
from simcam.httpwire import read_request
from simcam.settings import Fault
from simcam.tapo_crypto import discovery_answer
from simcam.udp import Beacon


class SimC210(SimCamera):
    """A Tapo pan/tilt camera."""

    family = "tapo"
    model = "C210"

    @property
    def answers(self) -> C210Answers:
        """The camera's state."""
        return self._answers

    @property
    def private(self) -> bool:
        return self._answers.lens_masked

    @private.setter
    def private(self, on: bool) -> None:
        self._answers.lens_masked = on

    def detect(self, kind: str, at_s: int) -> None:
        self._answers.detect(kind, at_s)

    def stream_url(self) -> str:
        return f"rtsp://{self.address}:{self.setup.ports.rtsp}/stream1"

    async def impose(self, fault: Fault, seconds: float | None = None) -> None:
        """A reboot also forgets every session."""
        if fault is Fault.REBOOT:
            self._tapo.forget_sessions()
        await super().impose(fault, seconds)

    def _ports(self) -> tuple[list[Door], Beacon]:
        self.rtsp_sessions: set[str] = set()
        self._answers = C210Answers(self.setup, self.reboot_soon)
        self._tapo = TapoControl(self.setup.logins.password, self._answers.answer)
        ports = self.setup.ports
        doors = [
            Door("https", ports.https, self._control, self.crew, server_tls()),
            Door("rtsp", ports.rtsp, self._rtsp, self.crew),
        ]
        return doors, Beacon(ports.tapo_discovery, self._discovered)

    def _discovered(self, question: bytes) -> bytes | None:
        return discovery_answer(question, *self._answers.discovered(self.address))

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("peername")[0]
        while request := await read_request(reader):
            writer.write(self._tapo.respond(request, host, self.fault is Fault.UNAUTHORIZED))
            await writer.drain()

    async def _rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await RtspConnection(self, reader, writer).talk()
