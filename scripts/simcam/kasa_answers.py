"""What a Kasa camera answers to Linkie calls: its state, and the calls that read or change it.

Recorded is `system.get_sysinfo` alone. The other modules answer as public drivers expect them to; the
shape of `vod.get_detect_zone_list` is a guess.
"""

import copy
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simcam.settings import Setup

Json = dict[str, Any]

DATA = Path(__file__).parent / "data"
PREFIX = "smartlife.cam.ipcamera."
UNSUPPORTED: Json = {"err_code": -10008, "err_msg": "Unsupported API call."}
REFUSED: Json = {"err_code": -10007, "err_msg": "Unauthorized"}  # a KC410S was reported to say so
DETECTIONS_KEPT = 1000


class KasaAnswers:
    """The camera's settings, by module and name."""

    def __init__(self, setup: Setup, height: int, reboot: Callable[[], None]) -> None:
        recorded = json.loads((DATA / setup.model.file).read_text())
        self._sysinfo: Json = recorded["system"]["get_sysinfo"]["system"]
        self._sysinfo |= _identity(setup, height)
        self._modules: Json = json.loads((DATA / "kasa_modules.json").read_text())
        own = setup.model.modules
        for module in {"intelligence", "ptz", "siren"}.difference(own):
            del self._modules[module]
        if "lamp" not in own:
            del self._modules["dayNight"]["force_lamp_state"]
        self.deaf = False  # says yes to every change and does nothing
        self.moves: list[Json] = []  # what its motor was told
        self._detections: list[Json] = []
        self._reboot = reboot

    @property
    def switched_on(self) -> bool:
        """The camera's own switch."""
        return bool(self._modules["switch"]["is_enable"]["value"] == "on")

    @switched_on.setter
    def switched_on(self, on: bool) -> None:
        self._modules["switch"]["is_enable"]["value"] = "on" if on else "off"

    def detect(self, kind: str, at_s: int) -> None:
        """Something was seen or heard."""
        self._sysinfo["last_activity_timestamp"] = at_s
        self._detections.append({"start_time": at_s, "end_time": at_s + 10, "detect_type": kind})
        del self._detections[:-DETECTIONS_KEPT]

    def answer(self, request: Json) -> Json:
        """Every call of a request, by module and method."""
        return {
            module: {method: self._call(module, method, given or {}) for method, given in calls.items()}
            for module, calls in request.items()
            if isinstance(calls, dict) and module != "context"
        }

    def sysinfo(self) -> Json:
        """The answer to `system.get_sysinfo`, one level deeper than other Kasa devices give it."""
        now = {
            "camera_switch": "on" if self.switched_on else "off",
            "led_status": self._modules["led"]["status"]["value"],
            "system_time": int(time.time()),
        }
        return {"err_code": 0, "system": {**self._sysinfo, **now}}

    def _call(self, module: str, method: str, given: Json) -> Json:
        if (module, method) == ("system", "get_sysinfo"):
            return self.sysinfo()
        if (module, method) == (f"{PREFIX}system", "set_reboot"):
            self._reboot()
            return {"err_code": 0}
        if (module, method) == (f"{PREFIX}vod", "get_detect_zone_list"):
            return {"err_code": 0, "detect_zone_list": self._detected(given)}
        if (module, method) == (f"{PREFIX}dateTime", "get_time"):
            return {"err_code": 0, "epoch_sec": int(time.time())}
        if module == f"{PREFIX}ptz" and "ptz" in self._modules and not method.startswith("get_"):
            return self._moved(method, given)
        return self._setting(module.removeprefix(PREFIX), method, given)

    def _moved(self, method: str, given: Json) -> Json:
        if method == "set_move" and not 1 <= given.get("speed", 0) <= 10:
            return {"err_code": -41203, "err_msg": "Invalid speed"}
        presets = self._modules["ptz"]["all_preset"]["preset_attr"]
        if method == "set_run_to_preset" and given.get("index") not in [one["index"] for one in presets]:
            return {"err_code": -41204, "err_msg": "No such preset"}
        self.moves.append({"method": method, **given})
        return {"err_code": 0}

    def _setting(self, module: str, method: str, given: Json) -> Json:
        verb, _, name = method.partition("_")
        held = self._modules.get(module, {}).get(name)
        if held is None or verb not in {"get", "set"}:
            return dict(UNSUPPORTED)
        if verb == "set":
            if not self.deaf:
                held.update(given)
            return {"err_code": 0}
        return {"err_code": 0, **copy.deepcopy(held)}

    def _detected(self, given: Json) -> list[Json]:
        start, end = given.get("start_time", 0), given.get("end_time", 2**63)
        return [d for d in self._detections if start <= d["start_time"] < end]


def _identity(setup: Setup, height: int) -> Json:
    return {
        "alias": setup.alias,
        "model": setup.model.announced,
        "hw_ver": setup.model.hardware,
        "sw_ver": setup.model.firmware,
        "mac": setup.mac,
        "mic_mac": setup.mac.replace(":", ""),
        "deviceId": hashlib.sha1(setup.mac.encode()).hexdigest().upper(),
        "resolution": f"{height}P",
    }
