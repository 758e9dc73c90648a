"""One life of a hub: the real store, recorder, muxer, pruner and uploader, in a time that runs fast.

Only the cameras' wire is left out (faulting/film_source.py), and the cloud is reached over plain HTTP.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.cutting import first_length_s
from backsight_agent.domain.ledger import Reason
from backsight_agent.domain.states import Board
from backsight_agent.domain.trusted_time import KnownClock, TrustedTime
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.disk import watch_disks_forever
from backsight_agent.tasks.gop_queue import limit_bytes
from backsight_agent.tasks.ledger import shorten_ledger_forever
from backsight_agent.tasks.prune import prune_forever
from backsight_agent.tasks.reanchor import reanchor_forever
from backsight_agent.tasks.record import record_forever
from backsight_agent.tasks.report import ASK_TIME_S
from backsight_agent.tasks.room import make_room_forever
from backsight_agent.tasks.upload import upload_forever
from backsight_shared.clock import Clock
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.supervision import supervise
from backsight_shared.window import WindowStep
from backsight_shared.wire import Batch
from faulting.film_source import FilmSource, film_of
from faulting.lives import Executioner, Order, remember_writes
from faulting.promises import (
    Frames,
    SteppingCloud,
    Teller,
    TellingBacklog,
    TellingMuxers,
    TellingRecordings,
    TellingRetention,
)
from faulting.times import FastClock, Pace, Wrong


@dataclass(frozen=True, slots=True)
class _Hub:
    """What the tasks of a life share."""

    order: Order
    clock: Clock
    teller: Teller
    steps: Executioner
    board: Board
    time: TrustedTime
    dating: Dating

    @property
    def cameras(self) -> Mapping[str, int]:
        """Each camera's painted number."""
        painted: Mapping[str, int] = self.order["cameras"]
        return painted


@dataclass
class PlannedWindows:
    """Implements Windows, and says what may be uploaded: as the plan has it, all the time."""

    planned: Mapping[str, list[list[int]]]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    upload_changed: asyncio.Event = field(default_factory=asyncio.Event)

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        steps = self.planned.get(camera)
        return None if steps is None else tuple(WindowStep(*step) for step in steps)

    def upload(self, camera: str) -> UploadPolicy | None:
        return "all" if camera in self.planned else None


async def live(order: Order) -> None:
    """Open the store and, when the order says so, record, prune and upload until killed or told to end."""
    logging.basicConfig(stream=sys.stderr, level=order.get("log_level", "WARNING"), force=True)
    pace = Pace(**order["pace"])
    remember_writes(order)
    wrong = order.get("wrong")
    clock = FastClock(pace, order["booted_s"], Wrong(**wrong) if wrong else None)
    teller = Teller(Path(order["promises"]), pace, order["life"])
    steps = Executioner(order["die_at"], teller.say)
    knows_at = wrong["until_ms"] if wrong else pace.now_ms()
    teller.say("begins", only_recovers=not order["records"], pid=os.getpid(), knows_at=knows_at)
    async with open_store(Path(order["folder"]), clock, steps) as store:
        teller.say("opened")
        if order["records"]:
            time = TrustedTime(clock, lambda: clock.is_right, paired="keys" in order)
            known, dating = KnownClock(clock, time), Dating(order["boot"], time)
            board = Board(tuple(order["cameras"]), known)
            await _until_told(_Hub(order, known, teller, steps, board, time, dating), store)
    teller.say("ends")


async def _until_told(hub: _Hub, store: Store) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    with suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tree:
            whole = tree.create_task(_everything(hub, store))
            await told.wait()
            whole.cancel()


async def _everything(hub: _Hub, store: Store) -> None:
    """The tasks of app.py that touch the store, supervised as there."""
    windows = PlannedWindows(hub.order["windows"])
    retention = TellingRetention(store.retention, hub.teller)
    tasks = {f"record {camera}": partial(_record, hub, store, camera) for camera in hub.cameras}
    tasks["owner"] = partial(_erase_as_owner, hub, retention)
    tasks["prune"] = partial(prune_forever, retention, windows, hub.time, hub.board, hub.clock)
    names, reserve = {camera: camera for camera in hub.cameras}, hub.order["reserve_bytes"]
    tasks["room"] = partial(
        make_room_forever,
        store.room,
        names,
        hub.board,
        hub.clock,
        reserve=reserve,
        paired="keys" in hub.order,
    )
    undated = (store.undated, hub.time, hub.dating, names, hub.board, hub.clock)
    tasks["reanchor"] = partial(reanchor_forever, *undated, moved=hub.time.changed.set)
    tasks["ledger"] = partial(shorten_ledger_forever, store.retention, hub.time, hub.clock)
    tasks["disks"] = partial(watch_disks_forever, store.disks, hub.board, hub.clock)
    if hub.order.get("keys"):
        tasks["upload"] = partial(_upload, hub, store, windows)
    async with asyncio.TaskGroup() as tree:
        for name, run in tasks.items():
            tree.create_task(supervise(name, run, hub.clock, partial(_say_trouble, hub.teller)), name=name)


def _say_trouble(teller: Teller, name: str, text: str | None) -> None:
    if text:
        teller.say("trouble", task=name, text=text)


async def _erase_as_owner(hub: _Hub, retention: TellingRetention) -> None:
    """What the plan has the owner erase, as the local API does it."""
    for after_s, camera, back_ms, length_ms in hub.order["owner"]:
        await asyncio.sleep(after_s)
        now_ms = hub.clock.now_ms()
        from_ms = now_ms - back_ms
        await retention.erase_span(camera, from_ms, from_ms + length_ms, Reason.OWNER.value, now_ms)


async def _record(hub: _Hub, store: Store, camera: str) -> None:
    pace = Pace(**hub.order["pace"])
    true = FastClock(pace, hub.order["booted_s"])
    source = FilmSource(film_of(hub.cameras[camera]), pace.base_ms, true)
    frames = Frames(source.late_ms)
    await record_forever(
        *(camera, source, TellingMuxers(AvMuxers(), frames)),
        *(TellingRecordings(store.recordings, frames, hub.teller), hub.board, hub.clock),
        memory_bytes=limit_bytes(len(hub.cameras)),
        first_s=first_length_s(camera),
        dating=hub.dating,
    )


async def _upload(hub: _Hub, store: Store, windows: PlannedWindows) -> None:
    keystore = Keystore(Path(hub.order["keys"]))
    backlog, online = TellingBacklog(store.backlog, hub.teller, hub.steps), asyncio.Event()
    online.set()
    async with HttpCloud(keystore, hub.clock, hub.time) as cloud, asyncio.TaskGroup() as both:
        both.create_task(_ask_time(hub, cloud))
        stepping = SteppingCloud(cloud, hub.steps)
        await upload_forever(tuple(hub.cameras), backlog, stepping, online, windows, hub.board, hub.clock)


async def _ask_time(hub: _Hub, cloud: HttpCloud) -> None:
    """As the reporter does: while the time is in doubt, any answer of the cloud tells it."""
    while True:
        if hub.time.trusted_now_ms() is None:
            with suppress(CloudUnavailable, CloudRefusedHub):
                await cloud.places(Batch((), ()))
        await hub.clock.sleep(ASK_TIME_S)
