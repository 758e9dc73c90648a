"""One life of a cloud: the real site, database, objects and pruner, in a time that runs fast.

Left out are the broker and the doors for people; hubs bring footage over plain HTTP, always on the same port.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.listeners import Running, write_running
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.config import Settings
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.pruning import PruneHealth, prune_forever
from backsight_cloud.services.verifying import verify_forever
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web import keys, uploads
from backsight_cloud.web.middleware import MOST_BODY_BYTES, add_headers, bound_time
from backsight_cloud.web.problems import answer_problems
from backsight_shared.clock import Clock
from backsight_shared.supervision import supervise
from backsight_shared.window import WindowStep
from backsight_shared.wire import Batch, Commits, Places
from faulting.lives import Executioner, Order, remember_writes
from faulting.promises import Teller
from faulting.times import FastClock, Pace

ACCOUNT, HUB, CLOUD = "anna", "hub-1", "cloud-1"


async def live(order: Order) -> None:
    """Serve and prune until killed or told to end."""
    logging.basicConfig(stream=sys.stderr, level=order.get("log_level", "WARNING"), force=True)
    remember_writes(order)
    pace, folder = Pace(**order["pace"]), Path(order["folder"])
    clock, teller = FastClock(pace, pace.began_s), Teller(Path(order["promises"]), pace, order["life"])
    steps = Executioner(order["die_at"], teller.say)
    teller.say("begins", pid=os.getpid())
    make_private_folder(folder)
    async with open_database(Settings(state=folder).database_url) as opened:
        if not order["serves"]:
            return
        await _move_in(opened, order)
        database = SteppingDatabase(opened, steps)
        objects = SteppingObjects(folder / "media", b"address key", clock)
        objects.step = steps
        with suppress(asyncio.CancelledError):
            await _serve(order, database, objects, clock, teller)
    teller.say("ends")


async def _serve(order: Order, database: Any, objects: FolderObjects, clock: Clock, teller: Teller) -> None:
    told, wakes, health = asyncio.Event(), Wakes(), PruneHealth()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    site = _site(database, objects, TellingIngest(Ingest(database, objects, clock, wakes), teller), clock)
    tasks = {
        "prune": partial(prune_forever, database, objects, wakes, clock, health),
        "verify": partial(verify_forever, database, objects, wakes, clock, health),
    }
    async with asyncio.TaskGroup() as tree, _served(site, order["port"]):
        running = [
            tree.create_task(supervise(name, run, clock, partial(_say_trouble, teller)))
            for name, run in tasks.items()
        ]
        write_running(Path(order["folder"]) / "running.json", Running(os.getpid(), "", "", "", ""))
        teller.say("opened")
        await told.wait()
        for task in running:
            task.cancel()


def _site(database: Any, objects: FolderObjects, ingest: Any, clock: Clock) -> web.Application:
    """The doors that hubs bring footage through, guarded as in the whole site."""
    site = web.Application(middlewares=[answer_problems, bound_time], client_max_size=MOST_BODY_BYTES)
    site.on_response_prepare.append(add_headers)
    site[keys.CLOCK], site[keys.DATABASE], site[keys.OBJECTS] = clock, database, objects
    site[keys.MACHINE] = clock  # hubs' tokens
    site[keys.INGEST], site[keys.IDENTITY], site[keys.VITALS] = ingest, CLOUD, ServiceVitals()
    site.add_routes(uploads.routes())
    return site


class TellingIngest:
    """Tells what the cloud is about to call stored."""

    def __init__(self, ingest: Ingest, teller: Teller) -> None:
        self._ingest, self._teller = ingest, teller

    async def places(self, hub: Hub, batch: Batch) -> Places:
        return await self._ingest.places(hub, batch)

    async def commits(self, hub: Hub, batch: Batch) -> Commits:
        commits = await self._ingest.commits(hub, batch)
        stored = [
            (segment.camera, segment.start_ms, segment.end_ms)
            for segment, commit in zip(batch.segments, commits.segments, strict=True)
            if commit.state == "stored"
        ]
        self._teller.say("stored", segments=stored)
        return commits


def _say_trouble(teller: Teller, name: str, text: str | None) -> None:
    if text:
        teller.say("trouble", task=name, text=text)


async def _move_in(database: Database, order: Order) -> None:
    """One account with its hub and cameras, once."""
    async with database.begin() as tx:
        if await tx.hubs.hub(HUB) is not None:
            return
        await tx.people.add_account(Account(ACCOUNT, "anna@example.org", "-", "UTC", 0))
        await tx.hubs.add_hub(Hub(HUB, ACCOUNT, "Hub", order["hub_key"], 0))
        for number, (camera, windows) in enumerate(order["windows"].items()):
            row = Camera(camera, ACCOUNT, HUB, camera, "EC60", "", "", "free", "all", number)
            await tx.cameras.bind(row, tuple(WindowStep(*step) for step in windows))


@asynccontextmanager
async def _served(site: web.Application, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        yield
    finally:
        await runner.cleanup()


class SteppingDatabase:
    """Implements Database: each transaction that writes is three steps."""

    def __init__(self, database: Database, step: Callable[[str], None]) -> None:
        self._database, self._step = database, step

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        self._step("transaction")
        async with self._database.begin() as tx:
            yield tx
            self._step("transaction written")
        self._step("transaction committed")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        async with self._database.read() as tx:
            yield tx


class SteppingObjects(FolderObjects):
    """Each put and each deletion is a step before and a step after."""

    step: Callable[[str], None]

    async def put(self, key: str, data: bytes) -> None:
        self.step("put")
        await super().put(key, data)
        self.step("put done")

    async def _appear(self, incoming: str, key: str) -> None:
        self.step("object synced")
        await super()._appear(incoming, key)
        self.step("object renamed")

    async def delete(self, keys: Sequence[str]) -> Sequence[str]:
        self.step("delete")
        gone = await super().delete(keys)
        self.step("delete done")
        return gone
