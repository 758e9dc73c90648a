"""A simulated Kasa camera: discovery on UDP 9999, Linkie control on 10443, video on 19443."""

import asyncio
import base64
import hashlib
from urllib.parse import unquote

from simcam import sound
from simcam.camera import SimCamera
from simcam.certificate import old_tls, server_tls
from simcam.door import Door
from simcam.httpwire import Request, answer, read_request
from simcam.kasa_answers import REFUSED, KasaAnswers
from simcam.multipart import framed, part, response_head
from simcam.projector import Render, project, wait_while_stalled
from simcam.settings import ControlLogin, Fault, Logins, Sound
from simcam.timeline import FPS, blocks_before
from simcam.udp import Beacon
from simcam.xor import decrypted, encrypted

STREAM_PATH = "/https/stream/mixed"
REALM = "smarthome@tp-link.com"
INTERMITTENT_S = 5


class SimKasa(SimCamera):
    """One Kasa camera, of the model that it was set up as."""

    family = "kasa"

    @property
    def answers(self) -> KasaAnswers:
        """The camera's state."""
        return self._answers

    @property
    def private(self) -> bool:
        return not self._answers.switched_on

    @private.setter
    def private(self, on: bool) -> None:
        self._answers.switched_on = not on

    def detect(self, kind: str, at_s: int) -> None:
        self._answers.detect(kind, at_s)

    def stream_url(self) -> str:
        return f"https://{self.address}:{self.setup.ports.stream}{STREAM_PATH}"

    def _ports(self) -> tuple[list[Door], Beacon]:
        self.wrong_logins = 0  # at the control port, since it was made
        self._answers = KasaAnswers(self.setup, self.film.plan.height, self.reboot_soon)
        ports, tls = self.setup.ports, old_tls() if self.setup.habits.old_tls else server_tls()
        doors = [
            Door("linkie", ports.linkie, self._control, self.crew, tls),
            Door("stream", ports.stream, self._stream, self.crew, tls),
        ]
        return doors, Beacon(ports.kasa_discovery, self._discovered)

    def _discovered(self, question: bytes) -> bytes | None:
        """Only the system information is readable without a login."""
        try:
            asked = decrypted(question)
        except ValueError:
            return None
        return encrypted({"system": {"get_sysinfo": self._answers.sysinfo()}}) if "system" in asked else None

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await read_request(reader):
            await self.wait_while_hanging()
            habits, agent = self.setup.habits, request.headers.get("user-agent", "")
            while habits.app_only and not agent.startswith("Kasa/"):
                await asyncio.sleep(1.0)  # says nothing until the other leaves
                if reader.at_eof():
                    return
            writer.write(self._linkie(request))
            await writer.drain()

    def _linkie(self, request: Request) -> bytes:
        if request.method != "POST" or request.path != self.setup.habits.control_path:
            return answer("404 Not Found")
        content = unquote(request.body.decode("latin-1").removeprefix("content="))
        asked = decrypted(base64.b64decode(content))
        said = self._answers.answer(asked) if self._may_control(request) else REFUSED
        return answer("200 OK", base64.b64encode(encrypted(said)), {"Content-Type": "text/plain"})

    def _may_control(self, request: Request) -> bool:
        wanted = control_basic(self.setup.habits.control_login, self.setup.logins)
        may = self.fault is not Fault.UNAUTHORIZED and request.headers.get("authorization") == wanted
        self.wrong_logins += not may
        return may

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if request is None:
            return
        await wait_while_stalled(self, writer)
        if refusal := self._refusal(request):
            writer.write(refusal)
            await writer.drain()
            return
        first = self.first_frame()
        writer.write(response_head(self.setup.habits.framing))
        await project(self, writer, "19443", first, self._renderer(request.query))

    def _refusal(self, request: Request) -> bytes | None:
        if request.method != "GET" or request.path != STREAM_PATH:
            return answer("404 Not Found", headers={"Connection": "close"})
        wanted = stream_basic(self.setup.logins) if self.setup.habits.stream_login else None
        if self.fault is Fault.UNAUTHORIZED or request.headers.get("authorization") != wanted:
            challenge = {"WWW-Authenticate": f'Basic realm="{REALM}"', "Connection": "close"}
            return answer("401 Unauthorized", headers=challenge)
        if self.private:
            return answer("503 Service Unavailable", headers={"Connection": "close"})
        return None

    def _renderer(self, query: dict[str, str]) -> Render:
        """What is sent at each frame: its part, and the blocks of sound completed since the last."""
        habits, film = self.setup.habits, self.film
        wants_video = "video" in query or "audio" not in query
        wants_sound = "audio" in query or "video" not in query

        def render(index: int) -> bytes:
            time, parts = self.timeline, []
            if wants_video:
                stamp = time.stamp_us(index) if habits.stamps else None
                parts.append(part("video/x-h264", film.access_unit(index), stamp))
            if wants_sound and _sounds(habits.sound, index):
                for block in range(blocks_before(index - 1), blocks_before(index)):
                    stamp = time.block_stamp_us(block) if habits.stamps else None
                    parts.append(part("audio/g711u", sound.block("ulaw", block), stamp))
            return framed(habits.framing, b"".join(parts))

        return render


def stream_basic(logins: Logins) -> str:
    """The Authorization header that opens the stream: the password goes base64-encoded into Basic."""
    return _basic(logins.email, base64.b64encode(logins.password.encode()).decode())


def control_basic(style: ControlLogin, logins: Logins) -> str | None:
    """The Authorization header that opens the control port, None when no login does."""
    hashed = hashlib.md5(logins.password.encode()).hexdigest()
    match style:
        case ControlLogin.FACTORY:
            return _basic("admin", hashlib.md5(b"admin").hexdigest())
        case ControlLogin.MAIL_MD5:
            return _basic(logins.email, hashed)
        case ControlLogin.MAIL_PLAIN:
            return _basic(logins.email, logins.password)
        case ControlLogin.MAIL_BASE64:
            return stream_basic(logins)
        case ControlLogin.ADMIN_MD5:
            return _basic("admin", hashed)
        case ControlLogin.NONE:
            return None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _sounds(habit: Sound, index: int) -> bool:
    return habit is Sound.ON or (habit is Sound.INTERMITTENT and index // (FPS * INTERMITTENT_S) % 2 == 0)
