"""A simulated Tapo camera: discovery on UDP 20002, SslAes control on 443, RTSP on 554."""

import asyncio
from dataclasses import replace

from simcam.camera import SimCamera
from simcam.certificate import server_tls
from simcam.door import Door
from simcam.film import Film, load
from simcam.httpwire import read_request
from simcam.settings import Fault
from simcam.tapo_answers import TapoAnswers
from simcam.tapo_control import TapoControl
from simcam.tapo_crypto import discovery_answer
from simcam.tapo_media import MediaConnection
from simcam.tapo_rtsp import RtspConnection
from simcam.udp import Beacon

SMALL = (640, 352)  # a width and a height that the painted numbers fit into


class SimTapo(SimCamera):
    """One Tapo camera, of the model that it was set up as."""

    family = "tapo"

    @property
    def answers(self) -> TapoAnswers:
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
        if not self.setup.habits.has_rtsp:
            query = f"?deviceId={self.answers.child_id}" if self.answers.child_id else ""
            return f"http://{self.address}:{self.setup.ports.media}/stream{query}"
        return f"rtsp://{self.address}:{self.setup.ports.rtsp}/stream1"

    @property
    def sessions_begun(self) -> int:
        """How many times somebody signed in at its control."""
        return self._tapo.sessions_begun

    async def small_film(self) -> Film:
        """What the second stream shows: the same numbers in a smaller picture."""
        width, height = SMALL
        plan = replace(self.film.plan, width=width, height=height, codec="h264")
        return await asyncio.to_thread(load, plan)

    async def impose(self, fault: Fault, seconds: float | None = None) -> None:
        """A reboot also forgets every session."""
        if fault is Fault.REBOOT:
            self._tapo.forget_sessions()
        await super().impose(fault, seconds)

    def _ports(self) -> tuple[list[Door], Beacon]:
        self.rtsp_sessions: set[str] = set()
        self._answers = TapoAnswers(self.setup, self.reboot_soon)
        habits, ports = self.setup.habits, self.setup.ports
        self._tapo = TapoControl(
            self.setup.logins.password,
            self._answers.answer,
            third_party=habits.third_party,
            session_s=habits.session_s,
        )
        doors = [
            Door("https", ports.https, self._control, self.crew, server_tls()),
            Door("media", ports.media, self._media, self.crew),
        ]
        if habits.has_rtsp:
            doors.append(Door("rtsp", ports.rtsp, self._rtsp, self.crew))
        return doors, Beacon(ports.tapo_discovery, self._discovered)

    def _discovered(self, question: bytes) -> bytes | None:
        return discovery_answer(question, *self._answers.discovered(self.address))

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("peername")[0]
        while request := await read_request(reader):
            await self.wait_while_hanging()
            writer.write(self._tapo.respond(request, host, self.fault is Fault.UNAUTHORIZED))
            await writer.drain()

    async def _media(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await MediaConnection(self, reader, writer).talk()

    async def _rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await RtspConnection(self, reader, writer).talk()
