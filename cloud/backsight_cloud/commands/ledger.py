"""`ledger`: what left an account's or a camera's history, when and why."""

import argparse

from backsight_cloud.commands.here import Here, NotFound, account_named, camera_named
from backsight_cloud.commands.output import Answer, size, table, when
from backsight_cloud.domain.records import Erasure
from backsight_shared import shapes
from backsight_shared.segment import camera_id


async def show(here: Here, arguments: argparse.Namespace) -> Answer:
    account, camera = await _of(here, arguments.name)
    async with here.database.read() as view:
        lines = await view.footage.erasures(account, camera, arguments.limit)
    nothing = "nothing has left the history yet"
    return Answer([shapes.write(line) for line in lines], table([_row(line) for line in lines], nothing))


async def _of(here: Here, name: str) -> tuple[str, str | None]:
    """The account, and the camera unless all of the account's are meant."""
    if "@" in name:
        return (await account_named(here, name)).id, None
    try:
        camera = await camera_named(here, name)
    except NotFound:
        left = await _left(here, name)
        if left is None:
            raise
        return left
    return camera.account, camera.id


async def _left(here: Here, name: str) -> tuple[str, str] | None:
    """A camera that left its account is known by its MAC."""
    try:
        identity = camera_id(name)
    except ValueError:
        return None
    async with here.database.read() as view:
        left = await view.cameras.unbound(identity)
    return (left.account, left.camera) if left else None


def _row(line: Erasure) -> dict[str, object]:
    return {
        "left": when(line.at_ms),
        "camera": line.camera,
        "reason": line.reason.replace("_", " "),
        "from": when(line.from_ms),
        "to": when(line.to_ms),
        "segments": line.count,
        "size": size(line.size_bytes),
    }
