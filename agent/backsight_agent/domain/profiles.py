"""Knows what is true of a camera model: its ports, stream and free window, from `firmware_profiles/*.toml`.

`<family>-<model>.toml` is one model; `<family>.toml` is what we take for true of a model without a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path

from backsight_agent.domain.family import Family
from backsight_shared.settings import BadSettings, Duration, settings_from

SOURCES = ("measured: ", "reported: ", "assumed: ")
LOGINS = ("factory", "email-md5", "email-plain", "email-base64", "admin-md5")  # at a Kasa camera's control


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which cameras the file is about, and how long their history is free."""

    family: Family
    free_window: Duration
    model: str = ""  # without region; empty: the family's defaults
    hardware: tuple[str, ...] = ()  # versions of which we have recorded answers
    firmware: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """How python-kasa reaches it."""

    port: int
    logins: tuple[str, ...] = ()  # Kasa family: in the order in which they are tried

    def __post_init__(self) -> None:
        if strange := set(self.logins) - set(LOGINS):
            raise ValueError(f"has logins that nobody knows: {', '.join(sorted(strange))}")


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """Where its video is, and what it is."""

    port: int
    path: str
    video: str
    fps: int
    audio: str
    max_streams: int  # connections that it serves at once


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that one file says; each fact has a line in `sources`."""

    camera: ModelFacts
    control: ControlFacts
    stream: StreamFacts
    sources: dict[str, str]

    def __post_init__(self) -> None:
        _refuse_unsourced(self)

    @property
    def known(self) -> bool:
        """Whether this is about the model itself, not only about its family."""
        return bool(self.camera.model)


def plain_model(model: str) -> str:
    """The model without region and version: "EC60" for "EC60(US)", "C210" for "C210(EU) 2.0"."""
    return model.partition("(")[0].partition(" ")[0].strip().upper()


def profile_of(family: Family, model: str) -> Profile:
    """The model's profile, or its family's defaults, which have the longest free window."""
    profiles = load_profiles(profiles_folder())
    return profiles.get((family, plain_model(model))) or profiles[family, ""]


@cache
def load_profiles(folder: Path) -> Mapping[tuple[Family, str], Profile]:
    """Every file of the folder; raises BadSettings for one that is wrong or wrongly named."""
    profiles = [_load(file) for file in sorted(folder.glob("*.toml"))]
    found = {(profile.camera.family, profile.camera.model): profile for profile in profiles}
    for family in Family:
        if (family, "") not in found:
            raise BadSettings(f"{folder / family}.toml: the family's defaults are missing; install again")
    return found


def profiles_folder() -> Path:
    """In an installed package beside the code; in a checkout at its root."""
    installed = Path(str(files("backsight_agent"))) / "firmware_profiles"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "firmware_profiles"


def _load(file: Path) -> Profile:
    profile = settings_from(Profile, file.read_text(encoding="utf-8"), file)
    camera = profile.camera
    expected = f"{camera.family}-{camera.model.lower()}" if camera.model else f"{camera.family}"
    if file.stem != expected:
        raise BadSettings(f"{file}: a profile of {camera.model or camera.family} is named {expected}.toml")
    return profile


def _refuse_unsourced(profile: Profile) -> None:
    facts = {
        f"{table}.{field.name}"
        for table in ("camera", "control", "stream")
        for field in fields(getattr(profile, table))
        if getattr(getattr(profile, table), field.name)
    } - {"camera.family", "camera.model"}
    if missing := sorted(facts - profile.sources.keys()):
        raise ValueError(f"says nothing in [sources] of {', '.join(missing)}")
    if strange := sorted(profile.sources.keys() - facts):
        raise ValueError(f"has sources of facts that it does not state: {', '.join(strange)}")
    for fact, source in profile.sources.items():
        if not source.startswith(SOURCES):
            raise ValueError(f'sources."{fact}" must begin with {" or ".join(map(repr, SOURCES))}')
