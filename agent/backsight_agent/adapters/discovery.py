"""Finds cameras of both families in the neighbourhood, through python-kasa's discovery.

Only its raw answers are used: python-kasa refuses to build Kasa-branded cameras, and Tapo cameras announce
all that we ask for without a login. Some cameras hear no broadcast: known addresses are asked directly.
"""

import asyncio
import logging
import math
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kasa import Discover
from kasa.discover import DiscoveredRaw, DiscoveryResult, _AesDiscoveryQuery
from kasa.exceptions import KasaException

from backsight_agent.adapters import kasa_sysinfo
from backsight_agent.domain.family import Family
from backsight_agent.domain.noticing import Noticed, kind_of, moment
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import plain_model
from backsight_agent.domain.states import CameraFacts
from backsight_shared.errors import TryLater
from backsight_shared.segment import camera_id

EVERYWHERE = "255.255.255.255"
ONE_CAMERA_S = 3.0  # seconds for one camera to announce itself
TAPO_TYPES = ("SMART.IPCAMERA", "SMART.TAPODOORBELL", "SMART.TAPOHUB")

log = logging.getLogger(__name__)


class NotAnAddress(TryLater):
    """A name that was to be asked cannot be resolved."""


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A camera as it announces itself."""

    camera: str
    mac: str
    family: Family
    model: str
    hardware: str
    firmware: str
    host: str
    alias: str
    https_port: int | None  # Tapo: where its control is, when it says so
    off: bool  # Kasa: the privacy switch; Tapo cameras do not announce theirs
    known: bool  # whether there is a profile for the model
    clock_off_s: int | None = field(default=None, compare=False)  # how far its clock is ahead of ours
    last: Noticed | None = field(default=None, compare=False)  # what it noticed last, where it announces that

    @property
    def facts(self) -> CameraFacts:
        return CameraFacts(
            self.model, self.hardware, self.firmware, off=self.off, clock_off_s=self.clock_off_s
        )


async def discover(targets: Sequence[str] = (), timeout_s: float = 5.0) -> tuple[Found, ...]:
    """Every camera that answers within the time, each once, asked by broadcast or at the given addresses."""
    addresses = [await _address(target) for target in targets or (EVERYWHERE,)]
    # The first discovery makes an RSA key: seconds on a small board, and not in the event loop.
    await asyncio.to_thread(_AesDiscoveryQuery.generate_query)
    answers = await asyncio.gather(*(_ask(address, timeout_s) for address in addresses))
    found = {found.camera: found for raw in answers for one in raw if (found := _understood(one))}
    return tuple(sorted(found.values(), key=lambda one: (one.family, one.alias, one.camera)))


async def announced(camera: str, host: str) -> Found | None:
    """What this camera announces of itself at its address, without any login; None when it is silent."""
    found = await discover((host,), ONE_CAMERA_S)
    return next((one for one in found if one.camera == camera), None)


async def _address(target: str) -> str:
    try:
        loop = asyncio.get_running_loop()
        resolved = await loop.getaddrinfo(target, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise NotAnAddress(f"{target} is neither an IPv4 address nor a name that can be resolved") from error
    return str(resolved[0][4][0])


async def _ask(address: str, timeout_s: float) -> list[DiscoveredRaw]:
    raw: list[DiscoveredRaw] = []
    try:
        devices = await Discover.discover(
            target=address, discovery_timeout=max(1, math.ceil(timeout_s)), on_discovered_raw=raw.append
        )
    except (KasaException, OSError) as error:
        log.warning("asking %s for cameras failed: %s", address, error)
        return raw
    for device in devices.values():
        await device.disconnect()
    return raw


def _understood(raw: DiscoveredRaw) -> Found | None:
    """The camera, or None for another device and for an answer that makes no sense."""
    answer, host = raw["discovery_response"], raw["meta"]["ip"]
    try:
        return _kasa(answer, host) or _tapo(answer, host)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        log.warning("what %s announces cannot be understood: %.80s", host, error)
        return None


def _kasa(answer: dict[str, Any], host: str) -> Found | None:
    sysinfo = kasa_sysinfo.sysinfo_of(answer)
    if sysinfo is None or sysinfo.get("type") != kasa_sysinfo.CAMERA_TYPE:
        return None
    now_ms = time.time_ns() // 1_000_000
    facts, camera = kasa_sysinfo.facts_of(sysinfo, now_ms), camera_id(kasa_sysinfo.mac_of(sysinfo))
    found = _found(camera, Family.KASA, facts, host, kasa_sysinfo.alias_of(sysinfo), None)
    return replace(found, last=kasa_sysinfo.last_activity(sysinfo, now_ms))


def _tapo(answer: dict[str, Any], host: str) -> Found | None:
    result = answer.get("result")
    if not isinstance(result, dict) or result.get("device_type") not in TAPO_TYPES:
        return None
    facts = CameraFacts(
        model=plain_model(str(result["device_model"])),
        hardware=str(result.get("hardware_version") or result.get("hw_ver") or ""),
        firmware=str(result.get("firmware_version") or "").partition(" ")[0],
    )
    port = (result.get("mgt_encrypt_schm") or {}).get("http_port")
    alias = str(result.get("device_name") or "")
    found = _found(camera_id(result["mac"]), Family.TAPO, facts, host, alias, port)
    return replace(found, last=_last_alarm(result))


def _last_alarm(result: dict[str, Any]) -> Noticed | None:
    """What a Tapo camera noticed last, from the part that it encrypts for whoever asks."""
    if not (result.get("encrypt_info") or {}).get("data"):
        return None
    try:
        told = DiscoveryResult.from_dict(result)
        Discover._decrypt_discovery_data(told)  # noqa: SLF001 - its raw answers are not decrypted
    except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes lead to: it is only this part
        log.debug("what a camera announces in secret cannot be read: %s", type(error).__name__)
        return None
    last = told.decrypted_data or {}
    now_ms = time.time_ns() // 1_000_000
    kind = kind_of(str(last.get("last_alarm_type")))
    return moment(kind, last.get("last_alarm_time"), None, now_ms)


def _found(
    camera: str, family: Family, facts: CameraFacts, host: str, alias: str, https_port: int | None
) -> Found:
    return Found(
        camera=camera,
        mac=":".join(camera[place : place + 2] for place in range(0, 12, 2)).upper(),
        family=family,
        model=facts.model,
        hardware=facts.hardware,
        firmware=facts.firmware,
        host=host,
        alias=alias,
        https_port=https_port,
        off=facts.off,
        known=profile_of(family, facts.model).known,
        clock_off_s=facts.clock_off_s,
    )
