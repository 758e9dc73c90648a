"""`backsight-agent discover`: finds cameras of both families."""

import argparse
import asyncio
from collections.abc import Sequence

from backsight_agent.adapters.discovery import Found, discover
from backsight_agent.commands.printing import as_json, table
from backsight_agent.domain.profile_files import profile_of
from backsight_agent.domain.profiles import Kind, StreamName
from backsight_shared.shapes import write

NOTHING = (
    "No camera answered. Cameras that hear no broadcast answer when asked directly: --target ADDRESS "
    "(your router knows their addresses)."
)


def main(wanted: argparse.Namespace) -> int:
    """Needs no settings: it is what one begins with."""
    found = asyncio.run(discover(wanted.target, wanted.timeout))
    if wanted.json:
        print(as_json({"cameras": write(found)}))
    else:
        print(_for_people(found) if found else NOTHING)
    return 0


def _for_people(found: Sequence[Found]) -> str:
    rows = [
        (one.alias or "-", one.family, one.model, one.host, one.mac, one.firmware, _remark(one))
        for one in found
    ]
    return table(("NAME", "FAMILY", "MODEL", "HOST", "MAC", "FIRMWARE", ""), rows)


def _remark(found: Found) -> str:
    remarks = ["switched off"] if found.off else []
    profile = profile_of(found.family, found.model)
    if profile.camera.kind is Kind.HUB:
        remarks.append("a hub: what hangs on it is written with model, its own mac and this host")
    elif profile.recordable(StreamName.MAIN) is None:
        remarks.append(f"cannot be recorded: backsight-agent profiles show {found.model} says why")
    return ", ".join(remarks if found.known else [*remarks, "unknown model"])
