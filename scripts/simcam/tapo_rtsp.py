"""One RTSP connection to a Tapo camera: the conversation, and the stream between its answers."""

import asyncio
import random
from typing import TYPE_CHECKING

from simcam import sound
from simcam.door import GONE
from simcam.httpwire import Request, read_request
from simcam.projector import project, wait_while_stalled
from simcam.rtp import VIDEO_CLOCK, Track, video_payloads
from simcam.rtsp_wire import (
    METHODS,
    VIDEO_TYPE,
    challenge,
    login_fits,
    rtsp_answer,
    session_description,
    sound_type,
)
from simcam.settings import Fault, Sound
from simcam.timeline import FPS, blocks_before

if TYPE_CHECKING:
    from simcam.tapo_camera import SimTapo

STREAMS_ALLOWED = 2  # at once; more make real ones stutter or refuse
SESSION_LIMIT_S = 60
REPORT_EVERY = 5 * FPS  # frames between two RTCP sender reports
STREAM_PATHS = ("/stream1", "/stream2")
INTERLEAVED = b"$"


class RtspConnection:
    """Talks to one client until it leaves."""

    def __init__(self, camera: "SimTapo", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._camera = camera
        self._reader = reader
        self._writer = writer
        self._nonce, self._challenge = challenge()
        self._session = f"{random.getrandbits(32):08X}"
        self._tracks: dict[str, Track] = {}
        self._first = 0  # the frame that the stream began with
        self._film = camera.film

    async def talk(self) -> None:
        """Answer requests; the stream runs beside them and ends with the connection."""
        async with asyncio.TaskGroup() as playing:
            try:
                await self._converse(playing)
            except GONE:
                return  # inside the group, which would wrap the error
            finally:
                self._camera.rtsp_sessions.discard(self._session)
                self._writer.close()

    async def _converse(self, playing: asyncio.TaskGroup) -> None:
        while request := await self._next_request():
            await wait_while_stalled(self._camera, self._writer)
            if await self._respond(request, playing):
                return

    async def _next_request(self) -> Request | None:
        """The next request; RTCP that the client sends in between is read and forgotten."""
        async with asyncio.timeout(2 * SESSION_LIMIT_S) as patience:
            while (first := await self._reader.read(1)) == INTERLEAVED:
                head = await self._reader.readexactly(3)
                await self._reader.readexactly(int.from_bytes(head[1:], "big"))
                patience.reschedule(asyncio.get_running_loop().time() + 2 * SESSION_LIMIT_S)
        return await read_request(self._reader, first) if first else None

    async def _respond(self, request: Request, playing: asyncio.TaskGroup) -> bool:
        """Answer one request; True when the conversation is over."""
        cseq = request.headers.get("cseq", "0")
        if request.method == "DESCRIBE" and "/stream2" in request.path:
            self._film = await self._camera.small_film()
        said = self._answer(request, cseq)
        self._writer.write(said)
        await self._writer.drain()
        if request.method == "PLAY" and said.startswith(b"RTSP/1.0 200"):
            playing.create_task(self._play(), name="rtsp stream")
        return request.method == "TEARDOWN"

    def _answer(self, request: Request, cseq: str) -> bytes:
        if request.method == "OPTIONS":
            return rtsp_answer(cseq, "200 OK", {"Public": METHODS})
        if not self._may(request):
            return rtsp_answer(cseq, "401 Unauthorized", self._challenge)
        if not any(path in request.path for path in STREAM_PATHS):
            return rtsp_answer(cseq, "404 Not Found")
        match request.method:
            case "DESCRIBE":
                return self._described(request, cseq)
            case "SETUP":
                return self._set_up(request, cseq)
            case "PLAY":
                return self._start(request, cseq)
            case "GET_PARAMETER" | "TEARDOWN":
                return rtsp_answer(cseq, "200 OK", {"Session": self._session})
        return rtsp_answer(cseq, "405 Method Not Allowed", {"Allow": METHODS})

    def _may(self, request: Request) -> bool:
        header, camera = request.headers.get("authorization", ""), self._camera
        if camera.fault is Fault.UNAUTHORIZED:
            return False
        return login_fits(header, request.method, self._nonce, camera.setup.logins)

    def _described(self, request: Request, cseq: str) -> bytes:
        camera = self._camera
        if camera.private:  # how a masked C210 refuses is not recorded; a closed door is the plainest
            return rtsp_answer(cseq, "503 Service Unavailable")
        described = session_description(
            camera.address, self._film.parameter_sets, self._film.plan.codec, self._sound
        )
        headers = {"Content-Type": "application/sdp", "Content-Base": f"{request.target.rstrip('/')}/"}
        return rtsp_answer(cseq, "200 OK", headers, described)

    def _set_up(self, request: Request, cseq: str) -> bytes:
        transport = request.headers.get("transport", "")
        if "RTP/AVP/TCP" not in transport:
            return rtsp_answer(cseq, "461 Unsupported Transport")
        sessions = self._camera.rtsp_sessions
        if len(sessions - {self._session}) >= STREAMS_ALLOWED:
            return rtsp_answer(cseq, "453 Not Enough Bandwidth")
        sessions.add(self._session)
        name = "track2" if request.path.endswith("track2") else "track1"
        track = self._new_track(name, channel=2 * len(self._tracks))
        self._tracks[name] = track
        transport = (
            f"RTP/AVP/TCP;unicast;interleaved={track.channel}-{track.channel + 1};ssrc={track.ssrc:08X}"
        )
        session = f"{self._session};timeout={SESSION_LIMIT_S}"
        return rtsp_answer(cseq, "200 OK", {"Transport": transport, "Session": session})

    def _start(self, request: Request, cseq: str) -> bytes:
        if not self._tracks or self._camera.private:
            return rtsp_answer(cseq, "455 Method Not Valid in This State")
        base, first = request.target.rstrip("/"), self._camera.first_frame()
        self._first = first
        elapsed = {"track1": _video_ticks(first), "track2": blocks_before(first) * self._block_ticks}
        info = ",".join(
            f"url={base}/{name};seq={track.sequence};rtptime={track.stamp(elapsed[name])}"
            for name, track in self._tracks.items()
        )
        headers = {"Session": self._session, "Range": "npt=0.000-", "RTP-Info": info}
        return rtsp_answer(cseq, "200 OK", headers)

    @property
    def _sound(self) -> str | None:
        habits = self._camera.setup.habits
        if habits.sound is Sound.OFF:
            return None
        return "PCMU/16000" if habits.wide_sound else "PCMA/8000"

    @property
    def _block_ticks(self) -> int:
        """What a block of sound lasts by its track's clock."""
        return sound.BLOCK_SAMPLES * (2 if self._camera.setup.habits.wide_sound else 1)

    def _block(self, index: int) -> bytes:
        """The wide sound is the narrow one with every sample twice: the same tone."""
        if not self._camera.setup.habits.wide_sound:
            return sound.block("alaw", index)
        return bytes(sample for sample in sound.block("ulaw", index) for _ in range(2))

    async def _play(self) -> None:
        """Send until the client leaves or the lens is masked; then hang up."""
        try:
            await project(self._camera, self._writer, "rtsp", self._first, self._rendered)
        except GONE:
            return
        finally:
            self._writer.close()

    def _rendered(self, index: int) -> bytes:
        """The packets of one moment, with a sender report before the first and every five seconds."""
        reports = (index - self._first) % REPORT_EVERY == 0
        timeline, out = self._camera.timeline, []
        if video := self._tracks.get("track1"):
            if reports:
                out.append(video.sender_report(_video_ticks(index), timeline.wall_ms(index)))
            payloads = video_payloads(self._film.nal_units(index), self._film.plan.codec)
            out.append(video.interleaved(payloads, _video_ticks(index)))
        if heard := self._tracks.get("track2"):
            blocks = range(blocks_before(index - 1), blocks_before(index))
            if reports:
                out.append(self._sound_report(heard, blocks_before(index), timeline.start_wall_ms))
            out += [heard.interleaved([self._block(block)], block * self._block_ticks) for block in blocks]
        return b"".join(out)

    def _new_track(self, name: str, channel: int) -> Track:
        video, heard = name == "track1", self._sound or ""
        return Track(
            payload_type=VIDEO_TYPE if video else sound_type(heard),
            clock_rate=VIDEO_CLOCK if video else int(heard.partition("/")[2]),
            ssrc=random.getrandbits(32),
            sequence=random.getrandbits(16),
            first_stamp=random.getrandbits(32),
            channel=channel,
        )

    def _sound_report(self, track: Track, block: int, start_wall_ms: float) -> bytes:
        seconds = block * sound.BLOCK_SAMPLES / sound.SAMPLE_RATE
        return track.sender_report(block * self._block_ticks, start_wall_ms + seconds * 1000)


def _video_ticks(index: int) -> int:
    return index * (VIDEO_CLOCK // FPS)
