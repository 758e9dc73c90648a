"""What a Tapo camera answers and announces: its recorded getters under a name and a MAC of its own."""

import hashlib
from collections.abc import Callable

from simcam.settings import Setup
from simcam.tapo_getters import Json, TapoGetters


class TapoAnswers(TapoGetters):
    """The camera's settings, as the getters that show them."""

    def __init__(self, setup: Setup, reboot: Callable[[], None]) -> None:
        super().__init__(setup.model.file, reboot, setup.model.child)
        self._setup = setup
        found = self._getters.pop("discovery_result")["result"]
        self._found_private: Json = found.pop("decrypted_data", {})  # doorbells announce nothing more
        self._found: Json = found
        self._take_identity()

    @property
    def child_id(self) -> str:
        """A hub's id for what hangs on it; empty of any other device."""
        if self._child is None:
            return ""
        return str(self._getters["getChildDeviceList"]["child_device_list"][0]["device_id"])

    @property
    def lens_masked(self) -> bool:
        """Privacy."""
        return bool(self.lens_mask().get("enabled") == "on")

    @lens_masked.setter
    def lens_masked(self, on: bool) -> None:
        self.lens_mask()["enabled"] = "on" if on else "off"

    def detect(self, kind: str, at_s: int) -> None:
        """Something was seen or heard."""
        last = {"last_alarm_time": str(at_s), "last_alarm_type": kind}
        if self._child is not None:  # a hub notices by what hangs on it
            self._child.notice(last)
            return
        self.notice(last)
        self._found_private |= last

    def discovered(self, address: str) -> tuple[Json, Json]:
        """What discovery tells everybody, and what it tells only to the one who asked."""
        port = self._setup.ports.https
        scheme = {**self._found["mgt_encrypt_schm"], "http_port": port}
        return {**self._found, "ip": address, "mgt_encrypt_schm": scheme}, {
            **self._found_private,
            "http_port": port,
        }

    def rename(self, alias: str) -> None:
        """Also in what it announces."""
        super().rename(alias)
        self._found["device_name"] = alias

    def _take_identity(self) -> None:
        """The camera's own names in place of the masked ones; the recorded camera had its lens masked."""
        mac, own_id = (
            self._setup.mac.replace(":", "-"),
            hashlib.sha1(self._setup.mac.encode()).hexdigest().upper(),
        )
        self._found |= {"mac": mac, "device_id": own_id[:32]}
        self._found_private["device_id"] = own_id
        self._getters["getDeviceInfo"]["device_info"]["basic_info"] |= {"mac": mac, "dev_id": own_id}
        self.rename(self._setup.alias)
        self.lens_masked = False
