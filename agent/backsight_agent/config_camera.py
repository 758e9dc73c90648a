"""One `[[camera]]` of agent.toml: how it is written, and what it is with its profile and its passwords."""

from dataclasses import dataclass, field
from pathlib import Path

from backsight_agent.config_values import Host, Mac, Name, Recording, Upload, Zone
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.pre_roll import CONTINUOUS, Keeping
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import (
    READ,
    Part,
    Profile,
    StreamFacts,
    StreamKind,
    StreamName,
    Transport,
    plain_model,
)
from backsight_shared.settings import Duration

TAPO_CONTROL_USER = "admin"  # what a Tapo camera calls its owner, whatever the account's e-mail
DEFAULT_PRE_ROLL = Duration(CONTINUOUS.pre_ms)
DEFAULT_POST_ROLL = Duration(CONTINUOUS.post_ms)


@dataclass(frozen=True, slots=True)
class WrittenMotion:
    """`[camera.motion]`: the hub's own motion detection; zones are where it looks, none means everywhere."""

    enabled: bool = True
    sensitivity: int = 5
    zones: tuple[Zone, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.sensitivity <= 10:
            raise ValueError(f"has sensitivity = {self.sensitivity}: it is 1 (only much) to 10 (anything)")


@dataclass(frozen=True, slots=True)
class Ports:
    """The camera's TCP ports, where they differ from its profile's."""

    control: int
    stream: int


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One `[[camera]]`, complete: with its profile and its logins."""

    camera: str
    name: str
    host: str
    model: str  # as the owner wrote it; empty: the camera is asked
    profile: Profile
    ports: Ports
    control: Login | None  # None: the owner gave none; the camera is recorded, not asked
    stream: Login
    source: StreamFacts | None  # None: it is asked and set, not recorded
    keeping: Keeping = CONTINUOUS
    upload: Upload = Upload.ALL
    motion: WrittenMotion = field(default_factory=WrittenMotion)
    folder: Path | None = None  # where its video is written; None: in the state folder

    @property
    def family(self) -> Family:
        return self.profile.camera.family

    @property
    def is_child(self) -> bool:
        """Whether it is reached through the hub at `host` only."""
        return self.profile.control.transport is Transport.CHILD


@dataclass(frozen=True, slots=True)
class WrittenCamera:
    """A `[[camera]]` as it is written in agent.toml."""

    name: Name
    mac: Mac
    family: Family
    host: Host
    model: str = ""
    username: str = ""
    password_file: Path | None = None
    stream_username: str = ""
    stream_password_file: Path | None = None
    linkie_port: int | None = None
    stream_port: int | None = None
    https_port: int | None = None
    rtsp_port: int | None = None
    quality: StreamName = StreamName.MAIN
    record: Recording = Recording.CONTINUOUS
    pre_roll: Duration = DEFAULT_PRE_ROLL
    post_roll: Duration = DEFAULT_POST_ROLL
    upload: Upload = Upload.ALL
    motion: WrittenMotion = field(default_factory=WrittenMotion)
    folder: Path | None = None

    def __post_init__(self) -> None:
        for key in _FOREIGN_KEYS[self.family]:
            if getattr(self, key):
                raise ValueError(f"has {key}, which a {self.family} camera does not have: remove it")
        for key, why in self._needed().items():
            if not getattr(self, key):
                raise ValueError(f"needs {key}: {why}")
        for key in ("linkie_port", "stream_port", "https_port", "rtsp_port"):
            port = getattr(self, key)
            if port is not None and not 0 < port < 65536:
                raise ValueError(f"has {key} = {port}: a port is 1 to 65535")
        if self.record is not Recording.OFF:
            _refuse_without_stream(profile_of(self.family, self.model), self.quality, self.kinds)
        self.keeping()

    def _needed(self) -> dict[str, str]:
        """What it must have: a Tapo camera without a camera account is recorded as its app does it."""
        if self.family is Family.KASA:
            return _NEEDED_KEYS[self.family]
        main = profile_of(self.family, self.model).recordable(StreamName.MAIN)
        as_its_app = self.password_file and not (self.stream_username or self.stream_password_file)
        if self.record is Recording.OFF or as_its_app or (main and main.kind is StreamKind.VHTTPD):
            return _NEEDED_WITH_THE_ACCOUNT
        return _NEEDED_KEYS[self.family]

    @property
    def kinds(self) -> tuple[StreamKind, ...]:
        """Which kinds of stream it can be recorded from with the logins that it has."""
        return READ if self.family is Family.KASA or self.stream_username else (StreamKind.VHTTPD,)

    def keeping(self) -> Keeping:
        """What of the video is kept. Raises ValueError for a pre-roll or post-roll out of bounds."""
        return Keeping(self.record is Recording.EVENTS, self.pre_roll.ms, self.post_roll.ms)


_FOREIGN_KEYS = {
    Family.KASA: ("stream_username", "stream_password_file", "https_port", "rtsp_port"),
    Family.TAPO: ("linkie_port", "stream_port"),
}
_NEEDED_KEYS = {
    Family.KASA: {
        "username": "the e-mail of the Kasa account that the camera belongs to",
        "password_file": "a file with the password of that account",
    },
    Family.TAPO: {
        "stream_username": "the camera account made in the Tapo app (Advanced settings, Camera account)",
        "stream_password_file": "a file with the password of the camera account",
    },
}
_NEEDED_WITH_THE_ACCOUNT = {
    "password_file": "a file with the password of the Tapo account that the camera belongs to"
}


def completed(written: WrittenCamera, password: str | None, stream_password: str | None) -> CameraSettings:
    """The camera with its profile and with the passwords that its files hold."""
    profile = profile_of(written.family, written.model)
    source = _source(written, profile)
    control = Login(written.username or TAPO_CONTROL_USER, password) if password else None
    stream = Login(written.stream_username, stream_password or "")
    if written.family is Family.KASA or (source and source.kind is StreamKind.VHTTPD):
        stream = control or stream
    return CameraSettings(
        camera=str(written.mac),
        name=str(written.name),
        host=str(written.host),
        model=plain_model(written.model),
        profile=profile,
        ports=_ports(written, profile, source),
        control=control,
        stream=stream,
        source=source,
        keeping=written.keeping(),
        upload=written.upload,
        motion=written.motion,
        folder=written.folder and written.folder.absolute(),
    )


def _source(written: WrittenCamera, profile: Profile) -> StreamFacts | None:
    if written.record is Recording.OFF:
        return None
    source = profile.recordable(written.quality, written.kinds)
    if source is None:
        raise ValueError(f"a camera without a stream came through ({written.model})")
    return source


def _ports(written: WrittenCamera, profile: Profile, source: StreamFacts | None) -> Ports:
    control = written.linkie_port or written.https_port or profile.control.port
    if source is None:
        return Ports(control, 0)
    own = written.rtsp_port if source.kind is StreamKind.RTSP else written.stream_port
    return Ports(control, own or source.port)


def _refuse_without_stream(profile: Profile, quality: StreamName, kinds: tuple[StreamKind, ...]) -> None:
    """Raises ValueError with what the profile says of why, and what to do."""
    if profile.recordable(quality, kinds):
        return
    model = profile.camera.model or f"{profile.camera.family} camera"
    if profile.recordable(quality):
        raise ValueError(f"needs stream_username: {_NEEDED_KEYS[Family.TAPO]['stream_username']}")
    if quality is StreamName.SUB and profile.recordable(StreamName.MAIN):
        raise ValueError(f'has quality = "sub", but a {model} has one stream: remove it')
    why = next((limit.why for limit in profile.limit if limit.what is Part.STREAM), "it is no camera")
    raise ValueError(f"is a {model}, which cannot be recorded: {why}")
