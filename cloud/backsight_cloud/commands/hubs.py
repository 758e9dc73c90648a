"""`hub list` and `hub unpair`."""

import argparse
import json

from backsight_cloud.commands.here import Here, hub_named
from backsight_cloud.commands.output import Answer, table, when
from backsight_cloud.domain.records import Account, Hub
from backsight_cloud.services.pairing import unpair_hub
from backsight_shared import shapes
from backsight_shared.errors import Malformed
from backsight_shared.wire import HubStatus


async def list_all(here: Here, arguments: argparse.Namespace) -> Answer:
    async with here.database.read() as view:
        hubs = await view.hubs.hubs()
        owners = {account.id: account for account in await view.people.accounts()}
    return Answer(
        [_value(hub, owners[hub.account]) for hub in hubs],
        table([_row(hub, owners[hub.account]) for hub in hubs], "no hubs yet: `backsight-cloud code EMAIL`"),
    )


async def unpair(here: Here, arguments: argparse.Namespace) -> Answer:
    hub = await hub_named(here, arguments.hub)
    await unpair_hub(here.database, hub.id, hub.account, here.clock.now_ms())
    here.wake()
    return Answer({"hub": hub.id, "unpaired": True}, [f"{hub.name} ({hub.id}) is shut out"])


def _value(hub: Hub, owner: Account) -> dict[str, object]:
    status = _status(hub)
    return {
        "hub": hub.id,
        "name": hub.name,
        "account": owner.email,
        "paired_ms": hub.paired_ms,
        "unpaired_ms": hub.unpaired_ms,
        "serial": hub.serial,
        "online": bool(status and status.online),
        "holds_serial": status.serial if status else 0,
        "version": status.version if status else "",
        "status_ms": hub.status_ms or None,
    }


def _row(hub: Hub, owner: Account) -> dict[str, object]:
    status = _status(hub)
    state = "online" if status and status.online else "offline"
    return {
        "hub": hub.id,
        "name": hub.name,
        "account": owner.email,
        "state": state if hub.unpaired_ms is None else "unpaired",
        "last heard": when(hub.status_ms),
    }


def _status(hub: Hub) -> HubStatus | None:
    try:
        return shapes.read(HubStatus, json.loads(hub.status_json)) if hub.status_json else None
    except (ValueError, Malformed):
        return None
