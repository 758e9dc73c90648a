"""Cameras, cloud and hub together: started in order, stopped in order."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from stage.cloud import Cloud, Owner
from stage.hub import HubProcess
from stage.process import until
from stage.street import Street, street

BELOW_THE_NUMBER = "0,0.12 1,0.12 1,1 0,1"  # where a still film stands still
RECORDING_S = 30.0  # seconds within which every camera must be recording


@dataclass
class Whole:
    """Everything that runs, and how to look at it as an owner."""

    street: Street
    cloud: Cloud
    hub: HubProcess
    owner: Owner
    started_s: float  # seconds from nothing to every camera recording

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras' identities."""
        return tuple(camera["mac"].replace(":", "").lower() for camera in self.street.cameras)

    async def start_cloud_again(self) -> None:
        """After it was killed or stopped; its owner finds it where it is now."""
        await self.cloud.start()
        self.owner.url = self.cloud.addresses["http"]

    def names(self) -> dict[str, str]:
        """What the owner calls each camera."""
        return {camera["mac"].replace(":", "").lower(): camera["alias"] for camera in self.street.cameras}


@dataclass(frozen=True)
class Plan:
    """What to start, where."""

    folder: Path
    windows: dict[str, str] | None = None
    http_listen: str = "127.0.0.1:0"
    local_listen: str = "127.0.0.1:0"
    block: str | None = None
    size: str = "1920x1080"
    kasa: int = 2
    tapo: int = 2
    still: int = 0  # frames of each cycle in which nothing moves, but for the painted number


@asynccontextmanager
async def whole(plan: Plan) -> AsyncIterator[Whole]:
    """Start all of it, pairing the hub when it is not paired yet; all of it has stopped afterwards."""
    began = time.monotonic()
    plan.folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(_session())
        owner_http = await stack.enter_async_context(_session())
        cloud = Cloud(plan.folder / "cloud", plan.windows, plan.http_listen)
        hub = HubProcess(plan.folder / "hub", http, plan.local_listen)
        hub.zone = BELOW_THE_NUMBER if plan.still else ""
        cloud.write_config()
        stack.push_async_callback(cloud.stop)
        on_wire, _ = await asyncio.gather(
            stack.enter_async_context(
                street(plan.folder, plan.kasa, plan.tapo, plan.block, plan.size, still=plan.still)
            ),
            cloud.start(),
        )
        stack.push_async_callback(hub.stop)
        hub.write_config(on_wire.cameras)
        await _pair_once(cloud, hub)
        owner = await Owner.sign_in(owner_http, cloud.addresses["http"])
        await hub.start()
        await until(hub.recording, RECORDING_S, f"every camera to record\n{hub.child and hub.child.tail()}")
        yield Whole(on_wire, cloud, hub, owner, time.monotonic() - began)


async def _pair_once(cloud: Cloud, hub: HubProcess) -> None:
    if hub.paired:
        return
    await cloud.add_owner()
    code = await cloud.pairing_code()
    await hub.pair(cloud.addresses["https"], code, cloud.ca_file)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
