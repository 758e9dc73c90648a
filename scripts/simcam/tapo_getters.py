"""The getters of a Tapo camera as they were recorded, and the setters that change them."""

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DATA = Path(__file__).parent / "data"
UNSUPPORTED_METHOD = -40106
NO_SUCH_PRESET = -64302
ONE_CALL = {"get", "set", "do"}

# Most recordings are older than python-kasa's question for it; the shape is that of a C220's answer.
_LINE_CROSSING = {"linecrossing_detection": {"detection": {"enabled": "off"}}}


class TapoGetters:
    """One device's; a hub has those of what hangs on it beside its own."""

    def __init__(self, file: str, reboot: Callable[[], None], child_file: str = "") -> None:
        self._getters: Json = json.loads((DATA / file).read_text())
        if "linecrossingDetection" in json.dumps(self._getters["getAppComponentList"]):
            self._getters.setdefault("getLinecrossingDetectionConfig", copy.deepcopy(_LINE_CROSSING))
        self._child = TapoGetters(child_file, reboot) if child_file else None
        self._reboot = reboot
        self.moves: list[Json] = []  # what its motor was told
        self.alarms: list[str] = []  # what its siren was told

    def answer(self, request: Json) -> Json:
        """A decrypted request: several calls that end at the first failing one, or a single call."""
        method = str(request.get("method"))
        if method != "multipleRequest":
            return self._one(method, request)
        responses = []
        for call in request["params"]["requests"]:
            responses.append(self.call(str(call.get("method")), call.get("params") or {}))
            if responses[-1]["error_code"]:
                break
        return {"error_code": 0, "result": {"responses": responses}}

    def _one(self, method: str, request: Json) -> Json:
        """The older manner of single calls: `get`, `set` and `do` name their module beside the method."""
        if method not in ONE_CALL:
            return self.call(method, request.get("params") or {})
        for module, given in request.items():
            recorded = self._getters.get(f"{method}_{module}", {}).get(method, {})
            if method == "get" and module in recorded:
                return {"error_code": 0, module: recorded[module]}
            if method == "do" and module == "motor":
                self.moves.append(given)
            if method == "do" and module == "msg_alarm":
                if not self._has_siren():
                    return {"error_code": UNSUPPORTED_METHOD}
                self.alarms.append(given["manual_msg_alarm"]["action"])
            if method == "set" and isinstance(given, dict):
                self._change({module: given})
        return {"error_code": 0}

    def call(self, method: str, params: Json) -> Json:
        """One call's answer."""
        if method == "controlChild" and self._child is not None:
            asked = params["childControl"]["request_data"]
            said = self._child.call(str(asked.get("method")), asked.get("params") or {})
            return {"method": method, "result": {"response_data": said}, "error_code": 0}
        if method == "rebootDevice":
            self._reboot()
        elif method == "motorMoveToPreset":
            return self._moved_to(params["preset"]["goto_preset"]["id"])
        elif method == "reverseWhitelampStatus" and "getWhitelampStatus" in self._getters:
            lamp = self._getters["getWhitelampStatus"]
            lamp["status"] = 1 - lamp["status"]
        elif method == "setDeviceAlias":
            self.rename(params["system"]["sys"]["dev_alias"])
        elif method.startswith("set"):
            self._change(params)
        elif method in self._getters:
            return {"method": method, "result": self._shown(method, params), "error_code": 0}
        else:
            return {"method": method, "error_code": UNSUPPORTED_METHOD}
        return {"method": method, "result": {}, "error_code": 0}

    def _has_siren(self) -> bool:
        """Cameras do, doorbells and hubs do not take this call."""
        basic = self._getters["getDeviceInfo"]["device_info"]["basic_info"]
        return bool(basic["device_type"] == "SMART.IPCAMERA")

    def _moved_to(self, preset: str) -> Json:
        saved = self._getters.get("getPresetConfig", {}).get("preset", {}).get("preset", {}).get("id", [])
        if preset not in saved:
            return {"method": "motorMoveToPreset", "error_code": NO_SUCH_PRESET}
        self.moves.append({"preset": preset})
        return {"method": "motorMoveToPreset", "result": {}, "error_code": 0}

    def _shown(self, method: str, params: Json) -> Json:
        shown: Json = copy.deepcopy(self._getters[method])
        if method == "getClockStatus":
            now = int(time.time())
            clock = shown["system"]["clock_status"]
            clock["seconds_from_1970"] = now
            clock["local_time"] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
        return shown

    def _change(self, params: Json) -> None:
        """A setting shows in every getter that holds it."""
        for module, sections in params.items():
            for getter in self._getters.values():
                held = getter.get(module) if isinstance(getter, dict) else None
                for section, values in sections.items():
                    if isinstance(held, dict) and isinstance(held.get(section), dict):
                        held[section].update(values)

    def lens_mask(self) -> Json:
        """How its lens is; a hub's is that of what hangs on it."""
        if self._child is not None:
            return self._child.lens_mask()
        getter = self._getters.setdefault("getLensMaskConfig", {"lens_mask": {"lens_mask_info": {}}})
        mask: Json = getter["lens_mask"]["lens_mask_info"]
        return mask

    def notice(self, last: Json) -> None:
        """From now on this is the last alarm."""
        self._getters["getLastAlarmInfo"]["system"]["last_alarm_info"] = last

    def rename(self, alias: str) -> None:
        """Under another name from now on."""
        basic = self._getters["getDeviceInfo"]["device_info"]["basic_info"]
        basic["device_alias"] = basic["device_name"] = alias
