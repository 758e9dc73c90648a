"""`objects verify`: compares the store with the database."""

import argparse
from dataclasses import asdict

from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.commands.here import Here
from backsight_cloud.commands.output import Answer, size
from backsight_cloud.services.auditing import Findings, audit, settle


async def verify(here: Here, arguments: argparse.Namespace) -> Answer:
    """Says what it finds; with `--settle` a running service deletes the strangers."""
    objects = FolderObjects(here.settings.state / "media", b"", here.clock)  # it gives no addresses away
    findings = await audit(here.database, objects, here.clock)
    if arguments.settle:
        await settle(here.database, objects, here.clock, findings)
        here.wake()
    return Answer(asdict(findings), _lines(findings))


def _lines(found: Findings) -> list[str]:
    lines = [f"{found.objects} objects, {size(found.size_bytes)}; {found.segments} segments are indexed"]
    if found.strangers:
        done = "they are deleted by the service" if found.settled else "--settle has them deleted"
        lines.append(f"{found.strangers} objects, {size(found.strangers_bytes)}, that nobody knows: {done}")
        lines += [f"  {key}" for key in found.examples]
    if found.foreign:
        lines.append(f"{found.foreign} objects that are not named as ours: they are left alone")
    if found.lost:
        done = "the ledger says so now" if found.settled else "--settle takes them out of the history"
        lines.append(f"{found.lost} segments whose object is not there: {done}")
    if not found.strangers and not found.lost:
        lines.append("all of it belongs together")
    return lines
