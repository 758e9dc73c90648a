"""Shuts hubs out of the broker: their certificates are refused, and a live connection ends."""

import logging
from collections.abc import Sequence

from aiomqtt import MqttError

from backsight_cloud.adapters.mosquitto import Mosquitto
from backsight_cloud.adapters.mqtt_client import BrokerDoor
from backsight_cloud.ports import BrokerUnavailable

log = logging.getLogger(__name__)


class BrokerRevocations:
    """Implements the port `Revocations` for mosquitto."""

    def __init__(self, mosquitto: Mosquitto, door: BrokerDoor, revoked: Sequence[str]) -> None:
        self._mosquitto = mosquitto
        self._door = door
        self._revoked = set(revoked)

    async def revoke(self, hub: str, serials: Sequence[str]) -> None:
        """The list alone is not enough: a connection that was open when it changed stays open.

        So we connect under the hub's own name, with a certificate made for this moment. The broker ends the
        other connection of that name, and the session with it when we leave.
        """
        self._revoked.update(serials)
        self._mosquitto.write_revoked(sorted(self._revoked))
        self._mosquitto.reload()
        try:
            async with self._door.client(hub):
                log.info("hub %s is shut out", hub)
        except MqttError as error:
            raise BrokerUnavailable(f"hub {hub} could not be disconnected: {error}") from error
