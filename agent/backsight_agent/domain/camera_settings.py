"""What an owner can set at a camera, in one vocabulary for both families, and how its motor is told to move.

Values are words: switches are on or off; a sensitivity has three levels, which is all that a Kasa camera
knows (a Tapo camera's 0 to 100 is put into thirds, as its own app does).
"""

from collections.abc import Mapping

from backsight_shared.settings import Choice

SWITCH = ("on", "off")
LEVELS = ("low", "medium", "high")
NIGHT_MODES = ("auto", "day", "night")

CHOICES: Mapping[str, tuple[str, ...]] = {
    "privacy": SWITCH,
    "motion": SWITCH,
    "motion_sensitivity": LEVELS,
    "sound": SWITCH,
    "sound_sensitivity": LEVELS,
    **dict.fromkeys(("person", "baby_cry", "pet", "vehicle", "line_crossing"), SWITCH),
    **dict.fromkeys(("bark", "meow", "glass", "tamper"), SWITCH),
    "led": SWITCH,
    "night_mode": NIGHT_MODES,
    "lamp": SWITCH,
    "siren": SWITCH,
}

LEVEL_PERCENT = {"low": 20, "medium": 50, "high": 80}  # what the Tapo app sends for its three levels


class Direction(Choice):
    """Where a motor moves, seen by somebody who looks through the camera."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    STOP = "stop"


def refuse_strange(name: str, value: str) -> None:
    """Raises ValueError with what there is for a name or a value that nobody knows."""
    choices = CHOICES.get(name)
    if choices is None:
        raise ValueError(f"there is no setting {name}; there are {', '.join(CHOICES)}")
    if value not in choices:
        raise ValueError(f"{name} is {' or '.join(choices)}, not {value}")


def level_of(percent: int) -> str:
    """The level that a Tapo camera's number belongs to."""
    return "low" if percent < 35 else "medium" if percent < 65 else "high"


def on_off(value: bool) -> str:
    return "on" if value else "off"
