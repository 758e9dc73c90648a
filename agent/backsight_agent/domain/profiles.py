"""Knows what is true of a camera model: how it is reached, its streams, what it can, what does not work.

A profile is one file of `firmware_profiles/` (domain/profile_files.py reads them); every fact has a source.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from backsight_agent.domain.family import Family
from backsight_shared.event import EventKind
from backsight_shared.settings import Choice, Duration

SOURCES = ("measured: ", "reported: ", "assumed: ")
LOGINS = ("factory", "email-md5", "email-plain", "email-base64", "admin-md5")  # at a Kasa camera's control


class Kind(Choice):
    """What a device is for its owner."""

    CAMERA = "camera"
    DOORBELL = "doorbell"
    HUB = "hub"


class Power(Choice):
    """Where its power comes from; what runs on a battery sleeps."""

    MAINS = "mains"
    BATTERY = "battery"


class Transport(Choice):
    """How its control is spoken to."""

    LINKIE = "linkie"  # Kasa, HTTPS 10443
    SMARTCAM = "smartcam"  # Tapo, SslAes on HTTPS 443
    CHILD = "child"  # through the hub that it hangs on
    NONE = "none"


class StreamKind(Choice):
    """How its video comes."""

    MULTIPART = "multipart"  # Kasa, HTTPS 19443
    RTSP = "rtsp"  # Tapo, 554
    VHTTPD = "vhttpd"  # Tapo, 8800


READ = (StreamKind.MULTIPART, StreamKind.RTSP, StreamKind.VHTTPD)  # what this version can record


class StreamName(Choice):
    """Which of its streams: the whole picture, or the small one."""

    MAIN = "main"
    SUB = "sub"


class Video(Choice):
    """The codec of the picture."""

    H264 = "h264"
    HEVC = "hevc"


class Audio(Choice):
    """The law of the sound."""

    MULAW = "mulaw"
    ALAW = "alaw"
    NONE = "none"


class EventSource(Choice):
    """How it can be asked for what it noticed."""

    LAST_ACTIVITY = "last_activity"  # Kasa: the time of the newest activity, in its sysinfo
    LAST_ALERT = "last_alert"  # Tapo: time and kind of the newest alarm
    NONE = "none"


class Part(Choice):
    """What of a camera a limit is about."""

    CONTROL = "control"
    STREAM = "stream"
    AUDIO = "audio"
    EVENTS = "events"
    DISCOVERY = "discovery"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which cameras the file is about, and how long their history is free."""

    family: Family
    free_window: Duration
    model: str = ""  # without region; empty: the family's defaults
    title: str = ""  # what the maker calls it
    kind: Kind = Kind.CAMERA
    power: Power = Power.MAINS
    behind: str = ""  # the model of the hub that it needs
    hardware: tuple[str, ...] = ()  # versions of which we have recorded answers
    firmware: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """How python-kasa reaches it."""

    transport: Transport
    port: int
    path: str = ""  # Linkie: where it takes its calls
    logins: tuple[str, ...] = ()  # Linkie: in the order in which they are tried

    def __post_init__(self) -> None:
        _refuse_port(self.port)
        if strange := set(self.logins) - set(LOGINS):
            raise ValueError(f"has logins that nobody knows: {', '.join(sorted(strange))}")
        if (self.transport is Transport.LINKIE) != bool(self.logins and self.path):
            raise ValueError("has logins and a path when, and only when, its transport is linkie")


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One of its streams."""

    name: StreamName
    kind: StreamKind
    port: int
    path: str
    video: Video
    width: int  # pixels
    height: int
    fps: int  # frames a second
    audio: Audio
    audio_hz: int = 8000
    max_streams: int = 1  # connections that it serves at once

    def __post_init__(self) -> None:
        _refuse_port(self.port)
        if not (0 < self.width <= 8192 and 0 < self.height <= 8192 and 0 < self.fps <= 60):
            raise ValueError("needs a width, a height (up to 8192) and a rate (up to 60 fps)")
        if self.audio_hz not in (8000, 16000):
            raise ValueError(f"has audio_hz = {self.audio_hz}: G.711 comes with 8000 or 16000")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What its control can show and change."""

    privacy: bool = False
    motion: bool = False
    sound: bool = False
    person: bool = False
    baby_cry: bool = False
    pet: bool = False
    vehicle: bool = False
    line_crossing: bool = False
    bark: bool = False
    meow: bool = False
    glass: bool = False
    tamper: bool = False
    sensitivity: bool = False
    led: bool = False
    night_mode: bool = False
    lamp: bool = False
    siren: bool = False
    ptz: bool = False
    presets: bool = False

    def __post_init__(self) -> None:
        if self.presets and not self.ptz:
            raise ValueError("has presets without ptz")

    @property
    def names(self) -> tuple[str, ...]:
        """Those that it has."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name))


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What the camera itself notices, and how to ask."""

    source: EventSource
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if strange := set(self.kinds) - {kind.value for kind in EventKind}:
            raise ValueError(f"has kinds that are none: {', '.join(sorted(strange))}")
        if (self.source is EventSource.NONE) == bool(self.kinds):
            raise ValueError("has kinds when, and only when, it has a source")


Table = ModelFacts | ControlFacts | StreamFacts | Abilities | EventFacts


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something that its adapters must live with."""

    text: str
    source: str

    def __post_init__(self) -> None:
        _refuse_source("source", self.source)


@dataclass(frozen=True, slots=True)
class Limit:
    """What does not work, and what its owner can do; from one firmware on and before another, if given."""

    what: Part
    why: str
    source: str
    since: str = ""
    before: str = ""

    def __post_init__(self) -> None:
        _refuse_source("source", self.source)
        version_of(self.since)
        version_of(self.before)

    def holds_for(self, firmware: str) -> bool:
        """Whether a camera with this firmware is limited so; one whose firmware nobody knows may be."""
        version = version_of(firmware.partition(" ")[0]) if firmware else None
        if version is None:
            return True
        since, before = version_of(self.since), version_of(self.before)
        return (since is None or version >= since) and (before is None or version < before)


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that one file says; each fact, or the whole of its table, has a line in `sources`."""

    camera: ModelFacts
    control: ControlFacts
    events: EventFacts
    sources: dict[str, str]
    stream: tuple[StreamFacts, ...] = ()  # the best first
    can: Abilities = Abilities()
    quirk: tuple[Quirk, ...] = ()
    limit: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        _refuse_strange_streams(self)
        _refuse_unsourced(self)
        if self.control.transport is Transport.CHILD and not self.camera.behind:
            raise ValueError("is a child and does not say behind which hub")

    @property
    def tables(self) -> Iterable[tuple[str, Table]]:
        """Its facts by the names under which `sources` knows them."""
        yield from (("camera", self.camera), ("control", self.control))
        yield from ((f"stream.{stream.name}.{stream.kind}", stream) for stream in self.stream)
        yield from (("can", self.can), ("events", self.events))

    @property
    def known(self) -> bool:
        """Whether this is about the model itself, not only about its family."""
        return bool(self.camera.model)

    def recordable(self, name: StreamName, kinds: tuple[StreamKind, ...] = READ) -> StreamFacts | None:
        """The best of its streams of that name that this version can read."""
        return next((one for one in self.stream if one.name is name and one.kind in kinds), None)

    def limits_of(self, firmware: str) -> tuple[Limit, ...]:
        """What does not work with this firmware ("2.3.27", "" when it is not known)."""
        return tuple(limit for limit in self.limit if limit.holds_for(firmware))


def plain_model(model: str) -> str:
    """The model without region and version: "EC60" for "EC60(US)", "C210" for "C210(EU) 2.0"."""
    return model.partition("(")[0].partition(" ")[0].strip().upper()


def version_of(text: str) -> tuple[int, ...] | None:
    """A firmware version that can be compared; None for no version. Raises ValueError for what is none."""
    if not text:
        return None
    parts = text.split(".")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"has the firmware {text!r}, which is no version like 2.3.27")
    return tuple(map(int, parts))


def _refuse_port(port: int) -> None:
    if not 0 < port < 65536:
        raise ValueError(f"has port = {port}: a port is 1 to 65535")


def _refuse_source(name: str, text: str) -> None:
    if not text.startswith(SOURCES):
        raise ValueError(f"{name} must begin with {' or '.join(map(repr, SOURCES))}")


def _refuse_strange_streams(profile: Profile) -> None:
    kasa = profile.camera.family is Family.KASA
    if any((stream.kind is StreamKind.MULTIPART) != kasa for stream in profile.stream):
        raise ValueError(f"has a stream that a {profile.camera.family} camera does not have")
    explained = any(limit.what is Part.STREAM for limit in profile.limit)
    if not profile.stream and not explained and profile.camera.kind is not Kind.HUB:
        raise ValueError("has no stream, and no [[limit]] that says why")


def _refuse_unsourced(profile: Profile) -> None:
    facts = set(_facts(profile))
    tables = {fact.rpartition(".")[0] for fact in facts}
    if missing := sorted(
        fact
        for fact in facts
        if fact not in profile.sources and fact.rpartition(".")[0] not in profile.sources
    ):
        raise ValueError(f"says nothing in [sources] of {', '.join(missing)}")
    if strange := sorted(profile.sources.keys() - facts - tables):
        raise ValueError(f"has sources of facts that it does not state: {', '.join(strange)}")
    for fact, source in profile.sources.items():
        _refuse_source(f'sources."{fact}"', source)


def _facts(profile: Profile) -> Iterable[str]:
    """The names of everything that the file states, but what it is about."""
    for name, table in profile.tables:
        for field in fields(table):
            if getattr(table, field.name) and f"{name}.{field.name}" not in _ABOUT:
                yield f"{name}.{field.name}"


_ABOUT = {"camera.family", "camera.model", "camera.title", "camera.kind", "camera.power", "camera.behind"}
