"""The Kasa cameras' settings as Linkie calls: which module and method each of ours is.

Every call's answer carries an err_code of its own; what a model does not have answers with one.
"""

from collections.abc import Mapping
from typing import Any

from backsight_agent.domain.camera_settings import CHOICES, Direction

PREFIX = "smartlife.cam.ipcamera."
SPEED = 5  # of 1 to 10

Request = dict[str, dict[str, dict[str, Any]]]

_CALLS = {
    "privacy": ("switch", "is_enable"),
    "motion": ("motionDetect", "is_enable"),
    "motion_sensitivity": ("motionDetect", "sensitivity"),
    "sound": ("soundDetect", "is_enable"),
    "sound_sensitivity": ("soundDetect", "sensitivity"),
    "person": ("intelligence", "pd_enable"),
    "baby_cry": ("intelligence", "bcd_enable"),
    "led": ("led", "status"),
    "night_mode": ("dayNight", "mode"),
    "lamp": ("dayNight", "force_lamp_state"),
    "siren": ("siren", "state"),
}
_INVERTED = {"privacy": {"on": "off", "off": "on"}}  # the camera's word is whether it is switched on
_DIRECTIONS = {Direction.UP: "top", Direction.DOWN: "bottom"}


def get_all() -> Request:
    """Asks for every setting at once."""
    request: Request = {}
    for module, name in _CALLS.values():
        request.setdefault(PREFIX + module, {})[f"get_{name}"] = {}
    return request


def set_one(name: str, value: str) -> Request:
    """Sets one. Raises KeyError for a setting that these cameras do not have."""
    module, method = _CALLS[name]
    return {PREFIX + module: {f"set_{method}": {"value": _INVERTED.get(name, {}).get(value, value)}}}


def values(answer: Mapping[str, Any]) -> dict[str, str]:
    """The settings that an answer shows; what the model does not have is left out."""
    found = {}
    for name, (module, method) in _CALLS.items():
        said = good(answer, module, f"get_{method}").get("value")
        value = _INVERTED.get(name, {}).get(str(said), str(said))
        if value in CHOICES[name]:
            found[name] = value
    return found


def good(answer: Mapping[str, Any], module: str, method: str) -> dict[str, Any]:
    """What a method answered; nothing where it failed, or the whole module did."""
    calls = answer.get(PREFIX + module)
    said = calls.get(method) if isinstance(calls, dict) else None
    return said if isinstance(said, dict) and said.get("err_code", -1) == 0 else {}


def is_done(answer: Mapping[str, Any]) -> bool:
    """Whether every call of a request was accepted."""
    modules = list(answer.values())
    return bool(modules) and all(
        isinstance(calls, dict)
        and "err_code" not in calls
        and all(isinstance(said, dict) and said.get("err_code", -1) == 0 for said in calls.values())
        for calls in modules
    )


def move(direction: Direction) -> Request:
    """Begins to move, or stops."""
    if direction is Direction.STOP:
        return {f"{PREFIX}ptz": {"set_stop": {}}}
    way = _DIRECTIONS.get(direction, str(direction))
    return {f"{PREFIX}ptz": {"set_move": {"direction": way, "speed": SPEED}}}


def get_presets() -> Request:
    return {f"{PREFIX}ptz": {"get_all_preset": {}}}


def presets(answer: Mapping[str, Any]) -> dict[str, int]:
    """The saved positions: their numbers by name."""
    listed = good(answer, "ptz", "get_all_preset").get("preset_attr")
    entries = listed if isinstance(listed, list) else []
    return {
        str(one["name"]): int(one["index"])
        for one in entries
        if isinstance(one, dict) and "name" in one and str(one.get("index", "")).isdigit()
    }


def go_to(index: int) -> Request:
    return {f"{PREFIX}ptz": {"set_run_to_preset": {"index": index}}}


def get_detected(from_s: int, to_s: int) -> Request:
    return {f"{PREFIX}vod": {"get_detect_zone_list": {"start_time": from_s, "end_time": to_s}}}


def detected(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the camera noted of the time that was asked for: start_time, end_time, detect_type."""
    listed = good(answer, "vod", "get_detect_zone_list").get("detect_zone_list")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
