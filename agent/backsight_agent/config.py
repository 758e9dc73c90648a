"""Reads agent.toml, once, into frozen values; below this nobody reads settings or password files."""

from dataclasses import dataclass, field
from pathlib import Path

from backsight_agent.config_camera import CameraSettings, WrittenCamera, completed
from backsight_agent.config_values import Bandwidth, Name, Size, Trust
from backsight_agent.secret_file import read_secret
from backsight_shared.settings import BadSettings, Duration, Listen, settings_from
from backsight_shared.toml_lines import Place, line_of, lines_of

DEFAULT_FILES = (Path("agent.toml"), Path("/etc/backsight/agent.toml"))
DEFAULT_NAME = Name("Hub")
DEFAULT_LISTEN = Listen("127.0.0.1", 8480)


@dataclass(frozen=True, slots=True)
class History:
    """How far back the history reaches on a hub without a cloud."""

    window: Duration | None = None  # none, and no cloud: nothing is ever deleted


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """Whose time is trusted when something is to be deleted."""

    trust: Trust = Trust.NTP


@dataclass(frozen=True, slots=True)
class Storage:
    """The disks that hold the history."""

    own_disk: bool = False  # the state folder is on a disk of its own, that must be mounted
    reserve: Size | None = None  # kept free on each disk; none: a part of it


@dataclass(frozen=True, slots=True)
class Uploading:
    """How the history is sent to the cloud."""

    limit: Bandwidth | None = None  # of all cameras together; none: as fast as it goes


@dataclass(frozen=True, slots=True)
class LocalApi:
    """The agent's own pages."""

    listen: Listen = DEFAULT_LISTEN
    lan: bool = False
    token_file: Path | None = None

    def __post_init__(self) -> None:
        if self.lan and self.token_file is None:
            raise ValueError("needs a token_file when lan = true (make one: openssl rand -hex 16 > FILE)")
        if not self.lan and not _is_loopback(self.listen.host):
            raise ValueError("listens beyond this machine: set lan = true and a token_file, or 127.0.0.1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that agent.toml says."""

    file: Path
    state: Path
    name: str
    window: Duration | None
    trust: Trust
    listen: Listen
    lan: bool
    token: str | None = field(repr=False)
    cameras: tuple[CameraSettings, ...]
    storage: Storage = field(default_factory=Storage)
    upload: Uploading = field(default_factory=Uploading)

    @property
    def elsewhere(self) -> dict[str, Path]:
        """The folders of the cameras that are not written into the state folder."""
        return {camera.camera: camera.folder for camera in self.cameras if camera.folder}


@dataclass(frozen=True, slots=True)
class _Written:
    """agent.toml as it is written."""

    state: Path
    camera: tuple[WrittenCamera, ...] = ()
    name: Name = DEFAULT_NAME
    history: History = field(default_factory=History)
    clock: ClockSettings = field(default_factory=ClockSettings)
    local_api: LocalApi = field(default_factory=LocalApi)
    storage: Storage = field(default_factory=Storage)
    upload: Uploading = field(default_factory=Uploading)

    def __post_init__(self) -> None:
        if not self.camera:
            raise ValueError("there is no [[camera]]: `backsight-agent discover` finds yours")


def load(file: Path | None) -> Settings:
    """The settings of this file, or of the first default one; raises BadSettings with all that is wrong."""
    found = file or next((path for path in DEFAULT_FILES if path.is_file()), None)
    if found is None:
        raise BadSettings("there is no agent.toml here or in /etc/backsight: give one with --config FILE")
    try:
        text = found.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadSettings(f"{found}: cannot be read: {reason}") from error
    return _Completion(found, text).settings()


class _Completion:
    """Adds to the written settings what other files say: passwords and profiles."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines = lines_of(text)
        self._written = settings_from(_Written, text, file)
        self._mistakes: list[str] = []

    def settings(self) -> Settings:
        written = self._written
        self._refuse_twins()
        token = self._secret(written.local_api.token_file, ("local_api", "token_file"))
        cameras = tuple(self._camera(camera, number) for number, camera in enumerate(written.camera))
        if self._mistakes:
            raise BadSettings("\n".join(self._mistakes))
        return Settings(
            file=self._file,
            state=written.state.absolute(),
            name=written.name,
            window=written.history.window,
            trust=written.clock.trust,
            listen=written.local_api.listen,
            lan=written.local_api.lan,
            token=token,
            cameras=cameras,
            storage=written.storage,
            upload=written.upload,
        )

    def _camera(self, written: WrittenCamera, number: int) -> CameraSettings:
        own = self._secret(written.password_file, ("camera", number, "password_file"))
        second = self._secret(written.stream_password_file, ("camera", number, "stream_password_file"))
        return completed(written, own, second)

    def _secret(self, file: Path | None, place: Place) -> str | None:
        try:
            return None if file is None else read_secret(file)
        except ValueError as error:
            self._note(place, str(error))
            return None

    def _refuse_twins(self) -> None:
        for key in ("mac", "name"):
            seen: dict[str, int] = {}
            for number, camera in enumerate(self._written.camera):
                value = str(getattr(camera, key)).casefold()
                if value in seen:
                    first = line_of(("camera", seen[value], key), self._lines)
                    self._note(("camera", number, key), f"is the same as that of the camera in line {first}")
                seen.setdefault(value, number)

    def _note(self, place: Place, text: str) -> None:
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)[1:]
        self._mistakes.append(f"{self._file}:{line_of(place, self._lines)}: {key} {text}")


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
