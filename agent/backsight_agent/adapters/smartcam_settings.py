"""The Tapo cameras' settings: python-kasa's modules, and raw calls for what they leave out."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from kasa import Device
from kasa.exceptions import DeviceError
from kasa.smart import SmartDevice

from backsight_agent.domain.camera_settings import LEVEL_PERCENT, Direction, level_of, on_off

STEP_DEG = 10  # degrees of one nudge

_SWITCHES = {
    "privacy": "LensMask",
    "motion": "MotionDetection",
    "person": "PersonDetection",
    "baby_cry": "BabyCryDetection",
    "pet": "PetDetection",
    "vehicle": "VehicleDetection",
    "line_crossing": "LineCrossingDetection",
    "bark": "BarkDetection",
    "meow": "MeowDetection",
    "glass": "GlassDetection",
    "tamper": "TamperDetection",
}
_NIGHT = {"auto": "auto", "off": "day", "on": "night"}  # inf_type: whether the infrared light is on
_STEPS = {
    Direction.LEFT: (-STEP_DEG, 0),
    Direction.RIGHT: (STEP_DEG, 0),
    Direction.UP: (0, STEP_DEG),
    Direction.DOWN: (0, -STEP_DEG),
}

GET_RAW: dict[str, Any] = {
    "getDetectionConfig": {"motion_detection": {"name": ["motion_det"]}},
    "getLdc": {"image": {"name": ["common"]}},
}

# As pytapo calls them: a lamp that tells how it is and can only be reversed, a siren that tells nothing.
_LAMP_NOW: dict[str, Any] = {"getWhitelampStatus": {"image": {"get_wtl_status": ["null"]}}}
_LAMP_REVERSED: dict[str, Any] = {"reverseWhitelampStatus": {"image": {"reverse_wtl_status": ["null"]}}}
_LAMPS = ("whiteLamp", "floodlight")  # the components that are one
ONLY_TOLD = ("siren",)  # what some cameras take without saying how it is since


async def values(device: Device) -> dict[str, str]:
    """Every setting that this camera has. The device was updated just now."""
    found = {}
    for name, key in _SWITCHES.items():
        with suppress(DeviceError):  # one getter that fails takes nothing from the others
            if (module := _module(device, key)) is not None:
                found[name] = on_off(module.enabled)
    if (led := _module(device, "Led")) is not None:
        found["led"] = on_off(led.led)
    if (alarm := _module(device, "Alarm")) is not None:
        found["siren"] = on_off(alarm.active)
    if (lamp := await _lamp(device)) is not None:
        found["lamp"] = on_off(lamp)
    answer = await device.protocol.query(GET_RAW)
    percent = _inside(answer, "getDetectionConfig", "motion_detection", "motion_det", "digital_sensitivity")
    if str(percent).isdigit():
        found["motion_sensitivity"] = level_of(int(str(percent)))
    night = _NIGHT.get(str(_inside(answer, "getLdc", "image", "common", "inf_type")))
    if night is not None:
        found["night_mode"] = night
    return found


async def change(device: Device, name: str, value: str) -> None:
    """Set one. Raises KeyError for a setting that this camera does not have, and python-kasa's errors."""
    if name in _SWITCHES:
        await _needed(device, _SWITCHES[name]).set_enabled(value == "on")
    elif name == "led":
        await _needed(device, "Led").set_led(value == "on")
    elif name == "siren":
        await _sound_siren(device, value == "on")
    elif name == "lamp":
        await _switch_lamp(device, value == "on")
    elif name == "motion_sensitivity":
        level = {"digital_sensitivity": str(LEVEL_PERCENT[value]), "sensitivity": value}
        await device.protocol.query({"setDetectionConfig": {"motion_detection": {"motion_det": level}}})
    elif name == "night_mode":
        word = next(theirs for theirs, ours in _NIGHT.items() if ours == value)
        await device.protocol.query({"setLdc": {"image": {"common": {"inf_type": word}}}})
    else:
        raise KeyError(name)


async def move(device: Device, direction: Direction) -> None:
    """A nudge, or stop. Raises KeyError without a motor."""
    motor = _needed(device, "PanTilt")
    if direction is Direction.STOP:
        await device.protocol.query({"do": {"motor": {"stop": "null"}}})
    else:
        pan, tilt = _STEPS[direction]
        await motor.move(pan=pan, tilt=tilt)


def presets(device: Device) -> dict[str, str]:
    """The saved positions: their ids by name. Raises KeyError without a motor."""
    return dict(_needed(device, "PanTilt").presets)


async def go_to(device: Device, preset: str) -> None:
    await _needed(device, "PanTilt").goto_preset(preset)


async def _sound_siren(device: Device, on: bool) -> None:
    if (alarm := _module(device, "Alarm")) is not None:
        await (alarm.play() if on else alarm.stop())
        return
    action = {"manual_msg_alarm": {"action": "start" if on else "stop"}}
    await device.protocol.query({"do": {"msg_alarm": action}})


async def _lamp(device: Device) -> bool | None:
    """Whether its spotlight is on; None without one. Most cameras answer, so their components decide."""
    components = cast(SmartDevice, device)._components  # noqa: SLF001 - nothing else tells them
    if not any(name in components for name in _LAMPS):
        return None
    with suppress(DeviceError):
        answer = await device.protocol.query(_LAMP_NOW)
        return str(_inside(answer, "getWhitelampStatus", "status")) == "1"
    return None


async def _switch_lamp(device: Device, on: bool) -> None:
    now = await _lamp(device)
    if now is None:
        raise KeyError("lamp")
    if now is not on:
        await device.protocol.query(_LAMP_REVERSED)


def _module(device: Device, key: str) -> Any:
    module = device.modules.get(key)
    return None if module is None or getattr(module, "disabled", False) else module


def _needed(device: Device, key: str) -> Any:
    module = _module(device, key)
    if module is None:
        raise KeyError(key)
    return module


def _inside(answer: Mapping[str, Any], *keys: str) -> object:
    found: object = answer
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
