"""`camera list`, `camera add`, `camera unbind` and `plan set`."""

import argparse
from collections.abc import Sequence

from backsight_cloud.commands.here import Here, account_named, camera_named, hub_named
from backsight_cloud.commands.output import Answer, how_long, size, table
from backsight_cloud.domain.records import Account, Camera
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_shared.errors import NeedsAttention
from backsight_shared.window import WindowStep, horizon, in_force


class NotConfirmed(NeedsAttention):
    """It was said what would happen, and not yet that it shall."""


async def list_all(here: Here, arguments: argparse.Namespace) -> Answer:
    async with here.database.read() as view:
        cameras = await view.cameras.all_cameras()
        steps = await view.cameras.all_steps()
        owners = {account.id: account for account in await view.people.accounts()}
    found = [(camera, steps.get(camera.id, ()), owners[camera.account]) for camera in cameras]
    return Answer(
        [_value(here, camera, own, owner) for camera, own, owner in found],
        table(
            [_row(here, camera, own, owner) for camera, own, owner in found],
            "no cameras yet: a paired hub reports its own",
        ),
    )


async def add(here: Here, arguments: argparse.Namespace) -> Answer:
    account = await account_named(here, arguments.email)
    hub = await hub_named(here, arguments.hub)
    camera = await _binding(here).add(hub.id, account.id, arguments.mac, arguments.name, arguments.model)
    here.wake()
    return Answer({"camera": camera.id, "plan": camera.plan}, [f"{camera.name} ({camera.id}) is added"])


async def unbind(here: Here, arguments: argparse.Namespace) -> Answer:
    """Nothing is erased unannounced: without `--yes` it is only said how much would go."""
    found = await camera_named(here, arguments.camera)
    unbinding = CameraUnbinding(here.database, here.wakes, here.clock, here.billing())
    camera, extent = await unbinding.preview(found.id)
    what = f"{extent.count} segments, {size(extent.size_bytes)}, and {extent.events} events in the cloud"
    if not arguments.yes:
        raise NotConfirmed(
            f"{camera.name} ({camera.id}) would leave its account, and its history be erased at once: "
            f"{what}. What its hub has at home stays there. Say it again with --yes"
        )
    extent = await unbinding.unbind(camera.id)
    here.wake()
    value = {"camera": camera.id, "unbound": True, "count": extent.count, "size_bytes": extent.size_bytes}
    return Answer(value, [f"{camera.name} ({camera.id}) has left its account; erased were {what}"])


async def set_plan(here: Here, arguments: argparse.Namespace) -> Answer:
    found = await camera_named(here, arguments.camera)
    camera = await _binding(here).set_plan(found.id, arguments.plan)
    here.wake()
    window_ms = here.settings.catalogue.window_ms(camera.plan, camera.model)
    value = {"camera": camera.id, "plan": camera.plan, "window_s": window_ms // 1000}
    return Answer(value, [f"{camera.name} ({camera.id}) is on {camera.plan} now: {how_long(window_ms)}"])


def _binding(here: Here) -> CameraBinding:
    return CameraBinding(here.database, here.settings.catalogue, here.wakes, here.clock, here.billing())


def _value(here: Here, camera: Camera, steps: Sequence[WindowStep], owner: Account) -> dict[str, object]:
    now_ms = here.clock.now_ms()
    step = in_force(steps, now_ms)
    return {
        "camera": camera.id,
        "name": camera.name,
        "model": camera.model,
        "model_known": here.settings.catalogue.knows(camera.model),
        "account": owner.email,
        "hub": camera.hub,
        "plan": camera.plan,
        "upload": camera.upload,
        "windows": [{"from_ms": s.from_ms, "window_s": s.window_ms // 1000} for s in steps],
        "window_s": step.window_ms // 1000 if step else None,
        "horizon_ms": horizon(steps, camera.reached_ms, now_ms),
        "bound_ms": camera.bound_ms,
    }


def _row(here: Here, camera: Camera, steps: Sequence[WindowStep], owner: Account) -> dict[str, object]:
    step = in_force(steps, here.clock.now_ms())
    known = here.settings.catalogue.knows(camera.model)
    return {
        "camera": camera.id,
        "name": camera.name,
        "model": (camera.model or "?") + ("" if known else " (unknown model)"),
        "account": owner.email,
        "plan": camera.plan,
        "window": how_long(step.window_ms if step else None),
    }
