"""Notices that another camera has a camera's address now, by what the kernel knows of its neighbours."""

import asyncio
import socket
from pathlib import Path

from backsight_agent.adapters.discovery import discover
from backsight_agent.camera_ports import CameraUnreachable
from backsight_shared.segment import camera_id

NEIGHBOURS = Path("/proc/net/arp")
ANNOUNCE_S = 3.0  # seconds for whoever is there to announce itself


class AddressCheck:
    """Implements the port of tasks/moving.py. Call it after connecting: then the kernel knows the MAC."""

    def __init__(self, table: Path = NEIGHBOURS) -> None:
        self._table = table

    async def __call__(self, camera: str, host: str) -> None:
        """A MAC that differs may be the camera's other interface: only an announcement proves a stranger."""
        seen = mac_at(await _address(host), self._table)
        if seen in (None, camera):
            return
        there = {found.camera for found in await discover((host,), ANNOUNCE_S)}
        if there and camera not in there:
            other = " and ".join(sorted(there))
            raise CameraUnreachable(
                f"another camera ({other}) has the address {host} now; this one is being looked for"
            )


def mac_at(address: str | None, table: Path = NEIGHBOURS) -> str | None:
    """Whose MAC the kernel last saw at an IPv4 address; None where it does not know."""
    try:
        lines = table.read_text(encoding="ascii", errors="replace").splitlines()[1:]
    except OSError:
        return None  # not Linux, or not readable: nothing is known
    for line in lines:
        columns = line.split()
        if len(columns) >= 4 and columns[0] == address:
            try:
                return camera_id(columns[3])
            except ValueError:
                return None
    return None


async def _address(host: str) -> str | None:
    try:
        loop = asyncio.get_running_loop()
        resolved = await loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError:
        return None
    return str(resolved[0][4][0])
