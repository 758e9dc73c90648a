"""What a Tapo camera answers to control calls: the recorded getters, changed by the setters."""

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
UNSUPPORTED_METHOD = -40106
NO_SUCH_PRESET = -64302
ONE_CALL = {"get", "set", "do"}

# Most recordings are older than python-kasa's question for it; the shape is that of a C220's answer.
_LINE_CROSSING = {"linecrossing_detection": {"detection": {"enabled": "off"}}}


class TapoAnswers:
    """The camera's settings, as the getters that show them."""

    def __init__(self, setup: Setup, reboot: Callable[[], None]) -> None:
        self._getters: Json = json.loads((DATA / setup.model.file).read_text())
        if "linecrossingDetection" in json.dumps(self._getters["getAppComponentList"]):
            self._getters.setdefault("getLinecrossingDetectionConfig", copy.deepcopy(_LINE_CROSSING))
        self.moves: list[Json] = []  # what its motor was told
        self._setup = setup
        self._reboot = reboot
        found = self._getters.pop("discovery_result")["result"]
        self._found_private: Json = found.pop("decrypted_data", {})  # doorbells announce nothing more
        self._found: Json = found
        self._take_identity()

    @property
    def lens_masked(self) -> bool:
        """Privacy."""
        return bool(self._mask()["enabled"] == "on")

    @lens_masked.setter
    def lens_masked(self, on: bool) -> None:
        self._mask()["enabled"] = "on" if on else "off"

    def detect(self, kind: str, at_s: int) -> None:
        """Something was seen or heard."""
        last = {"last_alarm_time": str(at_s), "last_alarm_type": kind}
        self._getters["getLastAlarmInfo"]["system"]["last_alarm_info"] = last
        self._found_private |= last

    def discovered(self, address: str) -> tuple[Json, Json]:
        """What discovery tells everybody, and what it tells only to the one who asked."""
        port = self._setup.ports.https
        scheme = {**self._found["mgt_encrypt_schm"], "http_port": port}
        return {**self._found, "ip": address, "mgt_encrypt_schm": scheme}, {
            **self._found_private,
            "http_port": port,
        }

    def answer(self, request: Json) -> Json:
        """A decrypted request: several calls that end at the first failing one, or a single call."""
        method = str(request.get("method"))
        if method != "multipleRequest":
            return self._one(method, request)
        responses = []
        for call in request["params"]["requests"]:
            responses.append(self._call(str(call.get("method")), call.get("params") or {}))
            if responses[-1]["error_code"]:
                break
        return {"error_code": 0, "result": {"responses": responses}}

    def _one(self, method: str, request: Json) -> Json:
        """The older manner of single calls: `get`, `set` and `do` name their module beside the method."""
        if method not in ONE_CALL:
            return self._call(method, request.get("params") or {})
        for module, given in request.items():
            recorded = self._getters.get(f"{method}_{module}", {}).get(method, {})
            if method == "get" and module in recorded:
                return {"error_code": 0, module: recorded[module]}
            if method == "do" and module == "motor":
                self.moves.append(given)
            if method == "set" and isinstance(given, dict):
                self._change({module: given})
        return {"error_code": 0}

    def _call(self, method: str, params: Json) -> Json:
        if method == "rebootDevice":
            self._reboot()
        elif method == "motorMoveToPreset":
            return self._moved_to(params["preset"]["goto_preset"]["id"])
        elif method == "setDeviceAlias":
            self._rename(params["system"]["sys"]["dev_alias"])
        elif method.startswith("set"):
            self._change(params)
        elif method in self._getters:
            return {"method": method, "result": self._shown(method, params), "error_code": 0}
        else:
            return {"method": method, "error_code": UNSUPPORTED_METHOD}
        return {"method": method, "result": {}, "error_code": 0}

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

    def _rename(self, alias: str) -> None:
        basic = self._getters["getDeviceInfo"]["device_info"]["basic_info"]
        basic["device_alias"] = basic["device_name"] = self._found["device_name"] = alias

    def _mask(self) -> Json:
        mask: Json = self._getters["getLensMaskConfig"]["lens_mask"]["lens_mask_info"]
        return mask

    def _take_identity(self) -> None:
        """The camera's own names in place of the masked ones; the recorded camera had its lens masked."""
        mac, own_id = (
            self._setup.mac.replace(":", "-"),
            hashlib.sha1(self._setup.mac.encode()).hexdigest().upper(),
        )
        self._found |= {"mac": mac, "device_id": own_id[:32]}
        self._found_private["device_id"] = own_id
        self._getters["getDeviceInfo"]["device_info"]["basic_info"] |= {"mac": mac, "dev_id": own_id}
        self._rename(self._setup.alias)
        self.lens_masked = False
