"""Looks at this machine: who keeps its clock, and what way leads out of it. Sends nothing."""

import asyncio
import os
import socket
from ipaddress import ip_address
from pathlib import Path

from backsight_agent.domain.judging_cloud import NetworkFacts

RESOLVE_S = 5.0  # seconds

# What is there while a keeper of the clock runs.
_KEEPERS = (
    ("systemd-timesyncd", Path("/run/systemd/timesync")),
    ("chrony", Path("/run/chrony/chronyd.pid")),
    ("ntpd", Path("/run/ntpd.pid")),
    ("ntpsec", Path("/run/ntpsec")),
)
_ROUTE_UP = 0x1  # RTF_UP of linux/route.h
_EVERYWHERE_6 = "0" * 32


def clock_keepers() -> tuple[str, ...]:
    """What runs here and could keep the clock right."""
    return tuple(name for name, sign in _KEEPERS if sign.exists())


def has_rtc() -> bool:
    """Whether the machine has a clock that goes on without power."""
    return any(Path("/sys/class/rtc").glob("rtc*"))


async def look_at_network(cloud_host: str) -> NetworkFacts:
    """Whether a way leads out; the cloud's name is resolved, where there is one, and nothing else."""
    name = "" if _is_address(cloud_host) else cloud_host
    return NetworkFacts(
        default_route=has_default_route(_text("/proc/net/route"), _text("/proc/net/ipv6_route")),
        name_servers=sum(line.startswith("nameserver") for line in _text("/etc/resolv.conf").splitlines()),
        host=name,
        unresolved=await why_unresolved(name) if name else "",
    )


def has_default_route(ipv4: str, ipv6: str) -> bool:
    """By the text of /proc/net/route and /proc/net/ipv6_route."""
    for line in ipv4.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == fields[7] == "00000000" and int(fields[3], 16) & _ROUTE_UP:
            return True
    for line in ipv6.splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[0] == _EVERYWHERE_6 and fields[1] == "00" and fields[9] != "lo":
            return True
    return False


async def why_unresolved(host: str) -> str:
    """Why a name has no address; empty when it has one."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            await asyncio.get_running_loop().getaddrinfo(host, None)
    except TimeoutError:
        return "no answer in time"
    except socket.gaierror as error:
        return error.strerror or "it is not known"
    except OSError as error:
        return error.strerror or os.strerror(error.errno or 0)
    return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == ""
    return True


def _text(file: str) -> str:
    try:
        return Path(file).read_text(errors="replace")
    except OSError:
        return ""
