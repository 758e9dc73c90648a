"""Finds cameras by their MAC: by broadcast, then by asking their neighbourhood address by address."""

import asyncio
import ipaddress
import json
import logging
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from backsight_agent.adapters.discovery import EVERYWHERE, Found, discover
from backsight_agent.adapters.private_files import write_private
from backsight_agent.domain.whereabouts import neighbours
from backsight_shared.segment import camera_id

AT_ONCE = 16  # addresses that are asked at the same time: 254 take some 20 s, unnoticed on any Wi-Fi
ONE_ADDRESS_S = 1.0  # seconds for an address to answer
BROADCAST_S = 3.0

log = logging.getLogger(__name__)


async def search(missing: Mapping[str, str], broadcast: str = EVERYWHERE) -> Mapping[str, str]:
    """Where these cameras announce themselves now."""
    wanted = set(missing)
    found = _those(await discover((broadcast,), BROADCAST_S), wanted)
    for address in await _nearby([missing[camera] for camera in wanted - found.keys()]):
        if wanted <= found.keys():
            break
        found.update(_those(await _ask(address), wanted))
    return found


async def _ask(addresses: Sequence[str]) -> list[Found]:
    """One handful of addresses, each answered by nobody or by one camera."""
    return list(await discover(tuple(addresses), ONE_ADDRESS_S))


def _those(found: Iterable[Found], wanted: set[str]) -> dict[str, str]:
    return {one.camera: one.host for one in found if one.camera in wanted}


async def _nearby(hosts: Sequence[str]) -> list[tuple[str, ...]]:
    """The neighbours of these addresses in handfuls, each address once; only of private networks."""
    loop = asyncio.get_running_loop()
    every: dict[str, None] = {}
    for host in hosts:
        try:
            resolved = await loop.getaddrinfo(host, None, family=socket.AF_INET)
        except OSError:
            continue  # a name that no longer resolves: broadcasting was all that could be done
        address = str(resolved[0][4][0])
        if ipaddress.ip_address(address).is_private:
            every.update(dict.fromkeys((address, *neighbours(address))))
    addresses = list(every)
    return [tuple(addresses[start : start + AT_ONCE]) for start in range(0, len(addresses), AT_ONCE)]


class AddressFile:
    """`addresses.json` in the state folder: where cameras were found that are not where agent.toml says."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "addresses.json"

    def load(self, written: Mapping[str, str]) -> dict[str, str]:
        """Each camera's address: the one found, as long as agent.toml still says what it said then."""
        kept = self._read()
        return {
            camera: kept[camera]["host"] if kept.get(camera, {}).get("written") == host else host
            for camera, host in written.items()
        }

    def book(self, written: Mapping[str, str]) -> "Addresses":
        """For the cameras of agent.toml."""
        return Addresses(self, written)

    def keep(self, camera: str, host: str, written: str) -> None:
        """Note it durably. Blocks."""
        kept = self._read() | {camera: {"host": host, "written": written}}
        write_private(self._file, json.dumps(kept, indent=1).encode())

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return {camera_id(camera): {"host": str(one["host"]), "written": str(one["written"])}
                    for camera, one in kept.items()}  # fmt: skip
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s cannot be read; the addresses of agent.toml are used", self._file)
            return {}


class Addresses:
    """Implements the locating task's AddressBook."""

    def __init__(self, file: AddressFile, written: Mapping[str, str]) -> None:
        self._file = file
        self._written = written

    async def remember(self, camera: str, host: str) -> None:
        """Durably; a disk that cannot be written costs only another search after the next start."""
        try:
            await asyncio.to_thread(self._file.keep, camera, host, self._written[camera])
        except OSError as error:
            log.warning("the new address of %s could not be kept: %s", camera, error.strerror)
