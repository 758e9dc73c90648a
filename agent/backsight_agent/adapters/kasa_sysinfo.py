"""Reads what a Kasa-branded camera says of itself: the same over UDP and through Linkie."""

from typing import Any

from backsight_agent.domain.noticing import Noticed, clock_off_s, moment, noticeable
from backsight_agent.domain.profiles import plain_model
from backsight_agent.domain.states import CameraFacts
from backsight_shared.event import EventKind

CAMERA_TYPE = "IOT.IPCAMERA"


def sysinfo_of(answer: object) -> dict[str, Any] | None:
    """The camera's sysinfo, which nests one level deeper than other devices'; None when there is none."""
    sysinfo = answer
    for key in ("system", "get_sysinfo", "system"):
        sysinfo = sysinfo.get(key) if isinstance(sysinfo, dict) else None
    return sysinfo if isinstance(sysinfo, dict) else None


def facts_of(sysinfo: dict[str, Any], now_ms: int) -> CameraFacts:
    """Model without region, versions without build numbers, the privacy switch, and its clock."""
    return CameraFacts(
        model=plain_model(_text(sysinfo, "model")),
        hardware=_text(sysinfo, "hw_ver"),
        firmware=_text(sysinfo, "sw_ver").partition(" ")[0],
        off=_text(sysinfo, "camera_switch") == "off",
        clock_off_s=noticeable(clock_off_of(sysinfo, now_ms)),
    )


def clock_off_of(sysinfo: dict[str, Any], now_ms: int) -> int | None:
    """How far its clock is ahead of ours, in seconds."""
    return clock_off_s(sysinfo.get("system_time"), now_ms)


def last_activity(sysinfo: dict[str, Any], now_ms: int) -> Noticed | None:
    """When it last noticed something; what that was, it does not say."""
    off_s = clock_off_of(sysinfo, now_ms)
    return moment(EventKind.MOTION, sysinfo.get("last_activity_timestamp"), off_s, now_ms)


def mac_of(sysinfo: dict[str, Any]) -> str:
    """As the camera writes it; empty when it says none."""
    return _text(sysinfo, "mac") or _text(sysinfo, "mic_mac")


def alias_of(sysinfo: dict[str, Any]) -> str:
    """The name that the owner gave it in the maker's app."""
    return _text(sysinfo, "alias")


def _text(sysinfo: dict[str, Any], key: str) -> str:
    value = sysinfo.get(key)
    return value if isinstance(value, str) else ""
