"""Where a camera is on the network: its address may change, its MAC does not."""

from dataclasses import dataclass

MISSED_S = 60.0  # seconds without an answer until a camera is looked for elsewhere: a reboot takes less
SEARCH_EVERY_S = 600.0  # seconds between two searches of one network for cameras that stay away
NEIGHBOURS = 254  # addresses of an IPv4 network that are asked one by one; a home has no more


class Whereabouts:
    """One camera's address. Written by who finds it, read whenever a connection is made."""

    def __init__(self, host: str) -> None:
        self.host = host

    def moved(self, host: str) -> bool:
        """The camera is there from now on; False when it was there already."""
        before, self.host = self.host, host
        return before != host


@dataclass(frozen=True, slots=True)
class OnHub:
    """Where a camera is that hangs on a hub."""

    device_id: str  # what the hub calls it
    hub: str  # the hub's own MAC; empty where it did not tell

    def __post_init__(self) -> None:
        if not self.device_id:
            raise ValueError("hangs on a hub that has no id for it")


def neighbours(address: str) -> tuple[str, ...]:
    """The other addresses of a camera's /24, nearest first: where a router puts it next. () for no IPv4."""
    parts = address.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        return ()
    prefix, own = ".".join(parts[:3]), int(parts[3])
    others = sorted((host for host in range(1, NEIGHBOURS + 1) if host != own), key=lambda n: abs(n - own))
    return tuple(f"{prefix}.{host}" for host in others)
