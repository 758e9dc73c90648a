"""Says how a camera or a hub is: a tone, a word, and a sentence where an owner has to know more."""

import json
from dataclasses import dataclass
from enum import StrEnum

from backsight_cloud.domain.records import Hub
from backsight_cloud.web.wording import moment
from backsight_shared.errors import Malformed
from backsight_shared.shapes import read
from backsight_shared.wire import CameraStatus, HubStatus


class Tone(StrEnum):
    """How loud a condition is; a page gives each a shape and a colour, and the word says the rest."""

    OK = "ok"
    QUIET = "quiet"  # as the owner wants it, or not known yet
    WARN = "warn"  # it may mend itself
    BAD = "bad"  # the owner is needed


@dataclass(frozen=True, slots=True)
class Condition:
    """`headline` stands where the picture would be; empty while there is a picture."""

    tone: Tone
    word: str
    headline: str = ""
    detail: str = ""

    @property
    def needs_owner(self) -> bool:
        return self.tone is Tone.BAD


# By the agent's state: tone, word, headline, and what to say when the hub itself says nothing more.
_STATES: dict[str, tuple[Tone, str, str, str]] = {
    "recording": (Tone.OK, "Recording", "", ""),
    "watching": (Tone.OK, "Watching", "", ""),
    "not_recorded": (Tone.QUIET, "Not recorded", "Not recorded", "Its settings and its own events only."),
    "starting": (Tone.QUIET, "Starting", "", ""),
    "off": (Tone.QUIET, "Switched off", "Switched off since {since}", "Its privacy switch is on."),
    "unreachable": (
        Tone.BAD,
        "Not reachable",
        "No picture since {since}",
        "The camera does not answer. Check its power and its Wi-Fi.",
    ),
    "login_refused": (
        Tone.BAD,
        "Login refused",
        "No picture since {since}",
        "The camera refuses the login that the hub uses.",
    ),
    "stream_refused": (
        Tone.BAD,
        "No stream",
        "No picture since {since}",
        "The camera answers, its stream does not.",
    ),
    "stream_broken": (
        Tone.WARN,
        "Picture breaks off",
        "No picture since {since}",
        "The picture stalls or breaks off. The hub keeps trying.",
    ),
    "no_key_frames": (
        Tone.WARN,
        "No whole picture",
        "No picture since {since}",
        "The camera sends video that nothing can begin with. Restart the camera.",
    ),
    "hub_trouble": (
        Tone.BAD,
        "Not recording",
        "Not recording since {since}",
        "The hub cannot keep up or cannot write to its disk.",
    ),
}


def status_of(hub: Hub) -> HubStatus | None:
    """What a hub last said of itself; None before its first word, or when that was none."""
    if not hub.status_json:
        return None
    try:
        return read(HubStatus, json.loads(hub.status_json), "status")
    except (Malformed, ValueError):
        return None


def camera_condition(camera: str, hub: Hub | None, now_ms: int, zone: str) -> Condition:
    """How a camera is, as far as its hub has said."""
    if hub is None or hub.unpaired_ms is not None:
        return Condition(Tone.BAD, "No hub", "Its hub is no longer paired", "Add a hub to record again.")
    status = status_of(hub)
    if status is None:
        return Condition(Tone.QUIET, "Waiting for its hub", "", "The hub has not said anything yet.")
    if not status.online:
        return _with_hub_away(hub.status_ms, now_ms, zone)
    own = next((item for item in status.cameras if item.camera == camera), None)
    if own is None:
        return Condition(Tone.WARN, "Not on its hub", "", f"{hub.name} no longer records this camera.")
    return _by_state(own, now_ms, zone)


def hub_condition(hub: Hub, now_ms: int, zone: str) -> Condition:
    """How a hub is: its connection first, then what it complains of."""
    status = status_of(hub)
    if status is None:
        return Condition(Tone.QUIET, "Not heard of yet", "", "It was paired and has not connected so far.")
    if not status.online:
        return _with_hub_away(hub.status_ms, now_ms, zone)
    if status.problems:
        return Condition(Tone.WARN, "Online, with trouble")
    return Condition(Tone.OK, "Online")


def _with_hub_away(since_ms: int, now_ms: int, zone: str) -> Condition:
    return Condition(
        Tone.WARN,
        "Hub offline",
        f"Hub offline since {moment(since_ms, zone, now_ms)}",
        "While it has power it goes on recording at home; what it has arrives when it is back.",
    )


def _by_state(status: CameraStatus, now_ms: int, zone: str) -> Condition:
    tone, word, headline, detail = _STATES.get(
        status.state, (Tone.QUIET, "Not known", "", "The hub is newer than this page.")
    )
    since = moment(status.since_ms, zone, now_ms)
    said = "" if status.state == "recording" else status.text
    return Condition(tone, word, headline.format(since=since), said or detail)
