"""One RTSP conversation with a camera: login, set-up, play, keep-alive."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backsight_agent.adapters.pull import TcpPull
from backsight_agent.camera_ports import CameraRefusedLogin, StreamRefused
from backsight_agent.domain.login import Login
from backsight_agent.domain.rtsp import Answer, Packet, RtspReader, authorization, parameters, request
from backsight_agent.domain.sdp import Offer, offers
from backsight_agent.domain.unusable import Unusable

SESSION_S = 60.0  # seconds a session lives without a word, when the camera does not say
LOGINS = 2  # for one request: more could lock the account
EARLY_LIMIT = 1000  # packets that may come before the answer to PLAY


@dataclass(frozen=True, slots=True)
class PlayedTrack:
    """A track that comes over an interleaved channel; its control packets come over the next one."""

    offer: Offer
    channel: int
    first_stamp: int | None  # the RTP stamp at the stream's beginning, where the camera tells it


class RtspSession:
    """Timeouts are the caller's. Raises the camera errors, Unusable, OSError and EOFError."""

    def __init__(self, wire: TcpPull, url: str, where: str, login: Login) -> None:
        self._wire = wire
        self._url = url  # without the login in it
        self._where = where
        self._login = login
        self._reader = RtspReader()
        self._challenge = ""
        self._cseq = 0
        self._session: dict[str, str] = {}
        self._keep_alive = "GET_PARAMETER"
        self._early: list[Packet] = []
        self.alive_s = SESSION_S

    async def play(self) -> list[PlayedTrack]:
        """Ask for the first video track and the first sound that we can record, and start them."""
        described = await self._ask("DESCRIBE", self._url, {"Accept": "application/sdp"})
        base = (described.headers.get("content-base") or self._url).strip().rstrip("/")
        chosen = _chosen(offers(described.body.decode("utf-8", "replace")))
        if not chosen or chosen[0].kind != "video":
            raise StreamRefused(f"{self._where} offers no H.264 or H.265 video")
        for number, offer in enumerate(chosen):
            await self._set_up(_control(base, offer), 2 * number)
        answer = await self._ask("PLAY", base, {"Range": "npt=0.000-"})
        stamps = _first_stamps(answer.headers.get("rtp-info", ""))
        return [
            PlayedTrack(offer, 2 * number, stamps.get(_control(base, offer)))
            for number, offer in enumerate(chosen)
        ]

    async def packets(self) -> list[Packet]:
        """What has come since the last call; answers to the keep-alive are swallowed."""
        found, self._early = self._early, []
        return found or [item for item in await self._pull() if isinstance(item, Packet)]

    async def keep_alive(self) -> None:
        """Remind the camera that we are still here. Whatever it answers is as good as anything."""
        await self._send(self._keep_alive, self._url, {})

    async def hang_up(self) -> None:
        """Say goodbye, so that the camera has one viewer less at once; the answer is not waited for."""
        await self._send("TEARDOWN", self._url, {})

    async def _set_up(self, url: str, channel: int) -> None:
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        answer = await self._ask("SETUP", url, {"Transport": transport})
        session, _, rest = answer.headers.get("session", "").partition(";")
        self._session = {"Session": session.strip()}
        timeout = parameters(rest).get("timeout", "")
        self.alive_s = float(timeout) if timeout.isascii() and timeout.isdigit() else SESSION_S

    async def _ask(self, method: str, url: str, headers: dict[str, str]) -> Answer:
        """The good answer to a request; the login is sent once the camera has asked for it."""
        answer = await self._exchange(method, url, headers)
        for _ in range(LOGINS):
            if not self._asks_for_login(answer):
                break
            self._challenge = answer.headers.get("www-authenticate", "")
            answer = await self._exchange(method, url, headers)
        if answer.status == 401:
            raise CameraRefusedLogin(
                f"{self._where} refused the login of {self._login.username}; check the camera account "
                "(Tapo app: camera settings, advanced settings, camera account) in agent.toml"
            )
        if answer.status != 200:
            raise StreamRefused(
                f"{self._where} does not give its stream ({answer.status} {answer.reason[:40]}); "
                "is privacy mode on, or do two others watch it already?"
            )
        return answer

    def _asks_for_login(self, answer: Answer) -> bool:
        """Whether a refusal is only a question: the first one, or one to a login whose nonce was too old."""
        stale = re.search(r'stale="?true', answer.headers.get("www-authenticate", ""), re.IGNORECASE)
        return answer.status == 401 and (not self._challenge or stale is not None)

    async def _exchange(self, method: str, url: str, headers: dict[str, str]) -> Answer:
        await self._send(method, url, headers)
        while True:
            for item in (items := await self._pull()):
                if isinstance(item, Answer):
                    self._early += (packet for packet in items if isinstance(packet, Packet))
                    return item
            self._early += (packet for packet in items if isinstance(packet, Packet))
            if len(self._early) > EARLY_LIMIT:
                raise Unusable(f"the camera sends its stream but never answers {method}")

    async def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._cseq += 1
        login = authorization(self._challenge, self._login, method, url) if self._challenge else None
        fields = {**headers, **self._session, **({"Authorization": login} if login else {})}
        await self._wire.write(request(method, url, self._cseq, fields))

    async def _pull(self) -> list[Answer | Packet]:
        data = await self._wire.read()
        if not data:
            self._reader.finish()
            raise EOFError
        return self._reader.feed(data)


def _chosen(offered: Sequence[Offer]) -> list[Offer]:
    """The first recordable track of each kind, the video first."""
    kinds = (("video", ("h264", "hevc")), ("audio", ("mulaw", "alaw")))
    firsts = (
        next((offer for offer in offered if offer.kind == kind and offer.codec in codecs), None)
        for kind, codecs in kinds
    )
    return [offer for offer in firsts if offer]


def _control(base: str, offer: Offer) -> str:
    """A track's own address (RFC 2326, C.1.1)."""
    if offer.control.lower().startswith("rtsp://"):
        return offer.control
    return f"{base}/{offer.control}" if offer.control and offer.control != "*" else base


def _first_stamps(info: str) -> dict[str, int]:
    """`url=...;seq=...;rtptime=...` for each track (RFC 2326, 12.33)."""
    found = {}
    for track in info.split(","):
        pairs = dict(pair.strip().partition("=")[::2] for pair in track.split(";"))
        stamp = pairs.get("rtptime", "")
        if stamp.isascii() and stamp.isdigit():
            found[pairs.get("url", "")] = int(stamp) & 0xFFFF_FFFF
    return found
