"""Refuses who tries too often, with the time to wait."""

import ipaddress
from math import ceil

from backsight_cloud.domain.limits import Limit, Tries
from backsight_shared.clock import Clock
from backsight_shared.errors import TryLater


class TooManyTries(TryLater):
    """Tried too often; `wait_s` says when the next try is taken."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = max(1, ceil(wait_s))
        super().__init__(f"too many tries: wait {self.wait_s} seconds, then try again")


class Limiter:
    """A `Limit` for each key, by the monotonic clock."""

    def __init__(self, limit: Limit, clock: Clock) -> None:
        self._tries = Tries(limit)
        self._clock = clock

    def take(self, key: str) -> None:
        """Use one try; raises TooManyTries."""
        if wait_s := self._tries.take(key, self._clock.monotonic()):
            raise TooManyTries(wait_s)

    def give_back(self, key: str) -> None:
        """The try succeeded, and does not count."""
        self._tries.give_back(key, self._clock.monotonic())


def network_of(address: str) -> str:
    """Who is limited together: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
