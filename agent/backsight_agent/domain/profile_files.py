"""Reads `firmware_profiles/*.toml`: `<family>-<model>.toml` is one model, `<family>.toml` what we take for
true of a model without a file."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from backsight_agent.domain.family import Family
from backsight_agent.domain.profiles import Profile, plain_model
from backsight_shared.settings import BadSettings, settings_from

Profiles = Mapping[tuple[Family, str], Profile]


def profile_of(family: Family, model: str) -> Profile:
    """The model's profile, or its family's defaults, which have the longest free window."""
    profiles = load_profiles(profiles_folder())
    return profiles.get((family, plain_model(model))) or profiles[family, ""]


@cache
def load_profiles(folder: Path) -> Profiles:
    """Every file of the folder; raises BadSettings for the first that is wrong or wrongly named."""
    profiles = [load_profile(file) for file in sorted(folder.glob("*.toml"))]
    found = {(profile.camera.family, profile.camera.model): profile for profile in profiles}
    for family in Family:
        if (family, "") not in found:
            raise BadSettings(f"{folder / family}.toml: the family's defaults are missing; install again")
    return found


def load_profile(file: Path) -> Profile:
    """One file. Raises BadSettings with all that is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadSettings(f"{file}: cannot be read: {reason}") from error
    profile = settings_from(Profile, text, file)
    camera = profile.camera
    expected = f"{camera.family}-{camera.model.lower()}" if camera.model else f"{camera.family}"
    if file.stem != expected:
        raise BadSettings(f"{file}: a profile of {camera.model or camera.family} is named {expected}.toml")
    return profile


def profiles_folder() -> Path:
    """In an installed package beside the code; in a checkout at its root."""
    installed = Path(str(files("backsight_agent"))) / "firmware_profiles"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "firmware_profiles"
