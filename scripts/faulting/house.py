"""One real house: simulated cameras, hub and cloud as processes, with breakable wires between them."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from faulting.proxy import Wire
from faulting.wrong_clock import WrongClock
from stage.cloud import Cloud, Owner
from stage.hub import HubProcess
from stage.process import until
from stage.street import Street, street

SIZE = "320x180"  # pixels: cameras that cost little
RECORDING_S = 45.0  # seconds within which every camera must be recording
CAMERA_PORTS = ("rtsp", "https", "stream", "linkie", "media")


@dataclass(frozen=True, slots=True)
class HousePlan:
    """What there is."""

    folder: Path
    window: str = "1h"
    kasa: int = 1
    tapo: int = 1
    wires_to_cameras: bool = False
    clock: WrongClock | None = None  # of the hub


@dataclass
class House:
    """Everything that runs."""

    plan: HousePlan
    street: Street
    cloud: Cloud
    hub: HubProcess
    owner: Owner
    https: Wire
    broker: Wire
    to_cameras: dict[str, list[Wire]] = field(default_factory=dict)
    stalls: list[tuple[str, int, int]] = field(default_factory=list)  # camera, from, to: it sent nothing

    def said_nothing(self, camera: str, from_ms: int, to_ms: int) -> bool:
        """Whether the camera stalled in that time: a hub cannot have what it never sent."""
        return any(one == camera and began < to_ms and ended > from_ms for one, began, ended in self.stalls)

    @property
    def cameras(self) -> dict[str, int]:
        """The cameras' identities, with the number that each paints."""
        return {_identity(camera): int(camera["number"]) for camera in self.street.cameras}

    @property
    def media(self) -> Path:
        return self.hub.state / "media"

    async def start_hub(self, **environment: str) -> None:
        """Start it, by its own clock."""
        clock = self.plan.clock
        with with_environment({**(clock.environment if clock else {}), **environment}):
            await self.hub.start()

    async def start_cloud(self) -> None:
        """After it was killed: its addresses are the same."""
        await self.cloud.start()
        self.owner.url = self.cloud.addresses["http"]

    async def everything_records(self, timeout_s: float = RECORDING_S) -> None:
        """Wait until every camera is recorded."""
        await until(self.hub.recording, timeout_s, f"every camera to record\n{_tail(self.hub)}")


@asynccontextmanager
async def house(plan: HousePlan) -> AsyncIterator[House]:
    """Start all of it; all of it has stopped afterwards."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        http, owner_http = [await stack.enter_async_context(_session()) for _ in range(2)]
        windows = dict.fromkeys(("free", "plus", "premium"), plan.window)
        cloud, hub = Cloud(plan.folder / "cloud", windows), HubProcess(plan.folder / "hub", http)
        cloud.write_config()
        stack.push_async_callback(cloud.stop)
        on_wire, _ = await asyncio.gather(
            stack.enter_async_context(street(plan.folder, plan.kasa, plan.tapo, size=SIZE)), cloud.start()
        )
        https, broker = [
            await stack.enter_async_context(Wire(_place(cloud.addresses[name])))
            for name in ("https", "broker")
        ]
        wires = await _wires(stack, on_wire) if plan.wires_to_cameras else {}
        stack.push_async_callback(hub.stop)
        hub.write_config(_seen_through(on_wire.cameras, wires))
        await _pair(cloud, hub, https, broker)
        owner = await Owner.sign_in(owner_http, cloud.addresses["http"])
        yield House(plan, on_wire, cloud, hub, owner, https, broker, wires)


async def _pair(cloud: Cloud, hub: HubProcess, https: Wire, broker: Wire) -> None:
    """Pair through the wire, and lead the way to the broker through the other."""
    await cloud.add_owner()
    await hub.pair(f"https://127.0.0.1:{https.port}", await cloud.pairing_code(), cloud.ca_file)
    file = hub.state / "pairing.json"
    paired = json.loads(file.read_text())
    file.write_text(json.dumps({**paired, "broker_port": broker.port}))


async def _wires(stack: AsyncExitStack, on_wire: Street) -> dict[str, list[Wire]]:
    """A wire to each of a camera's ports, at an address beside the camera's own."""
    wires: dict[str, list[Wire]] = {}
    for camera in on_wire.cameras:
        host = _beside(camera["address"])
        ports = [camera["ports"][name] for name in CAMERA_PORTS if name in camera["ports"]]
        wires[_identity(camera)] = [
            await stack.enter_async_context(Wire((camera["address"], port), host, port)) for port in ports
        ]
    return wires


def _seen_through(
    cameras: Sequence[dict[str, Any]], wires: Mapping[str, list[Wire]]
) -> tuple[dict[str, Any], ...]:
    return tuple(
        {**camera, "address": wires[_identity(camera)][0].host} if _identity(camera) in wires else camera
        for camera in cameras
    )


def _beside(address: str) -> str:
    """Another loopback address that no street uses: its cameras end with small numbers."""
    first, second, third, last = address.split(".")
    return f"{first}.{second}.{third}.{200 + int(last) % 50}"


def _place(address: str) -> tuple[str, int]:
    """Host and port of an address as the cloud announces it."""
    host, _, port = address.removeprefix("https://").rpartition(":")
    return host, int(port)


def _identity(camera: Mapping[str, Any]) -> str:
    return str(camera["mac"]).replace(":", "").lower()


def _tail(hub: HubProcess) -> str:
    return hub.child.tail() if hub.child else ""


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))


@contextmanager
def with_environment(more: Mapping[str, str]) -> Iterator[None]:
    """What is started inside has these variables, too."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
