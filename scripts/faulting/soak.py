"""Everything at once in one real house: four cameras, hub and cloud, and every kind of fault.

In the first half hub and cloud are killed, too; in the second they live, so that memory, threads and open
files can be seen to stay flat while everything else goes on. `python -m faulting.soak FOLDER SEED SECONDS`
runs in a mount namespace of its own, where the hub's disk is small.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from faulting.campaign import Say
from faulting.findings import Findings
from faulting.full import Hog
from faulting.house import House, HousePlan, house
from faulting.left import files_below, hub_index, whole_fragments, without_header
from faulting.moments import Moments
from faulting.namespace import run_in_namespace
from faulting.net import bound, one_trouble, watched
from faulting.proving import every_frame_is_there, everything_arrives
from faulting.shims import NoCompiler, built
from faulting.small_disk import Kind, NotPermitted, command_inside, mount
from faulting.vitals import Vitals, sample_forever
from faulting.wrong_clock import WrongClock
from stage.lookout import now_ms
from stage.process import Failed
from stage.street import Street

WINDOW = "90s"
DISK_BYTES = 96 * 2**20
FREE_BYTES = (0, 40_000, 400_000)
QUIET_S = 12.0
PAUSE_S = (1.0, 5.0)
CAMERA_FAULTS = ("cut", "stall", "reboot", "truncate", "garbage", "refuse", "clock_jump", "no_key_frames")
WRONG_S = (-3_600.0, 3_600.0, 86_400.0 * 400, -1.2, 1.2)


@dataclass
class Soak:
    """One house and what is done to it."""

    home: House
    clock: WrongClock | None
    moments: Moments
    findings: Findings
    chance: Random
    say: Say
    hog: Hog | None
    may_kill: bool = True
    processes: dict[str, Vitals] = field(default_factory=dict)

    async def one_fault(self) -> None:
        """Something goes wrong, and is over some seconds later."""
        faults: list[Callable[[], Awaitable[None]]] = [self.network, self.network, self.camera]
        faults += [self.full_disk] if self.hog else []
        faults += [self.wrong_clock] if self.clock else []
        faults += [self.hub_dies, self.hub_dies, self.cloud_dies, self.both_die] if self.may_kill else []
        await self.chance.choice(faults)()
        await asyncio.sleep(self.chance.uniform(*PAUSE_S))

    async def network(self) -> None:
        now = [""]
        await one_trouble(self.home, self.chance, self.findings, now, self._begins)

    async def camera(self) -> None:
        camera, fault = self.chance.choice(list(self.home.cameras)), self.chance.choice(CAMERA_FAULTS)
        for_s = self.chance.uniform(2.0, 8.0)
        self._begins(f"camera {camera}: {fault} for {for_s:.1f} s")
        self.findings.add("faults of cameras")
        began_ms = now_ms()
        await self.home.street.fault(camera, fault, seconds=for_s)
        await asyncio.sleep(for_s)
        if fault == "stall":
            self.home.stalls.append((camera, began_ms, now_ms()))

    async def full_disk(self) -> None:
        assert self.hog is not None
        free, for_s = self.chance.choice(FREE_BYTES), self.chance.uniform(1.0, 8.0)
        self._begins(f"the hub's disk is full to {free} bytes for {for_s:.1f} s")
        self.findings.add("times that the disk was filled")
        self.moments.full = True
        self.hog.leave(free)
        await asyncio.sleep(for_s)
        self.hog.go()
        self.moments.has_room()

    async def wrong_clock(self) -> None:
        assert self.clock is not None
        ahead_s, for_s = self.chance.choice(WRONG_S), self.chance.uniform(4.0, 14.0)
        self._begins(f"the hub's clock is stepped by {ahead_s:+.1f} s for {for_s:.1f} s")
        self.findings.add("trials with the clock")
        self.clock.set(ahead_s)
        self.moments.goes_wrong(ahead_s)
        await asyncio.sleep(for_s)
        self.clock.set(0.0)
        self.moments.goes_right()
        await asyncio.sleep(self.chance.uniform(4.0, 20.0))

    async def hub_dies(self) -> None:
        self._begins(f"the hub is killed, back after {(pause_s := self._pause()):.1f} s")
        await self._kill_hub()
        await asyncio.sleep(pause_s)
        await self._hub_is_back()

    async def cloud_dies(self) -> None:
        self._begins(f"the cloud is killed, back after {(pause_s := self._pause()):.1f} s")
        await self._kill_cloud()
        await asyncio.sleep(pause_s)
        await self.home.start_cloud()

    async def both_die(self) -> None:
        self._begins("hub and cloud are killed; the cloud is back first")
        await self._kill_hub()
        await self._kill_cloud()
        await self.home.start_cloud()
        await self._hub_is_back()

    def pid_of(self, name: str) -> int:
        """Of the process that lives now under this name."""
        child = (self.home.hub if name == "hub" else self.home.cloud).child
        return child.process.pid if child and child.running else 0

    def _pause(self) -> float:
        return self.chance.choice((0.0, 0.0, self.chance.uniform(0.5, 12.0)))

    def _begins(self, what: str) -> None:
        self.moments.plan = what
        self.say(what)

    async def _kill_hub(self) -> None:
        await self.home.hub.kill()
        self.findings.add("kills")
        self._parts = await asyncio.to_thread(_parts, self.home.media)

    async def _kill_cloud(self) -> None:
        await self.home.cloud.kill()
        self.findings.add("kills")
        self.findings.add("kills of the cloud")

    async def _hub_is_back(self) -> None:
        """And what was in unfinished files is in segments, as far as fragments were whole."""
        await self.home.start_hub()
        for place, fragments in self._parts.items():
            await self._check_part(place, fragments)

    async def _check_part(self, place: tuple[str, int], fragments: bytes) -> None:
        camera, start_ms = place
        self.findings.add("unfinished segments at a kill")
        with suppress(FileNotFoundError):
            data = await self.home.hub.bytes(f"/cameras/{camera}/segments/{start_ms}.m4s")
            if without_header(data).startswith(fragments):
                return
        if not self.moments.around_ms:  # while the time is in doubt it may have been moved already
            what = f"camera {camera}: {len(fragments)} bytes of {start_ms} were on the disk"
            self.findings.breaks("fragments lost beyond the one being written", what, self.moments.plan)


def _parts(media: Path) -> dict[tuple[str, int], bytes]:
    """The whole fragments of every unfinished file."""
    found = {}
    for path in files_below(media):
        if path.name.endswith(".m4s.part") and (fragments := whole_fragments(path.read_bytes())):
            found[path.relative_to(media).parts[0], int(path.name.split(".")[0])] = fragments
    return found


async def run_inside(folder: Path, seed: int, seconds: float, say: Say, *, small_disk: bool) -> Findings:
    """The soak, where mounting is allowed or not wanted."""
    findings, hog = Findings("house"), None
    folder.mkdir(parents=True)
    clock = _clock(folder, findings)
    plan = HousePlan(folder / "house", WINDOW, kasa=2, tapo=2, wires_to_cameras=True, clock=clock)
    if small_disk:
        mount(Kind.TMPFS, plan.folder / "hub" / "state", DISK_BYTES)
        hog = Hog(plan.folder / "hub" / "state" / "somebody-elses")
    async with house(plan) as home:
        await home.start_hub()
        await home.everything_records()
        moments = Moments(home, await bound(home), await _schedules(home.street), findings)
        soak = Soak(home, clock, moments, findings, Random(f"{seed} house"), say, hog)
        await _live(soak, seconds)
        await _prove(soak)
    _rows_and_files(plan.folder / "hub" / "state", findings)
    return findings


async def _live(soak: Soak, seconds: float) -> None:
    stop, loop, findings = asyncio.Event(), asyncio.get_running_loop(), soak.findings
    soak.processes = {name: Vitals(name) for name in ("hub", "cloud")}
    cloud_views = (await watched(soak.home, findings, lambda: soak.moments.plan)).cloud
    end = loop.time() + seconds
    async with asyncio.TaskGroup() as tree:
        tree.create_task(soak.moments.watch(stop))
        for view in cloud_views.values():
            tree.create_task(view.watch(stop))
        sampling = tree.create_task(sample_forever(soak.processes, soak.pid_of))
        await asyncio.sleep(QUIET_S)
        while loop.time() < end:
            soak.may_kill = end - loop.time() > seconds / 2
            await soak.one_fault()
            _still_alive(soak)
            await asyncio.to_thread(soak.moments.look_at_files)
        soak.say("no more faults")
        await soak.home.everything_records(60.0)
        await asyncio.sleep(QUIET_S)
        sampling.cancel()
        stop.set()
    for vitals in soak.processes.values():
        vitals.judge(findings)


def _still_alive(soak: Soak) -> None:
    for name in ("hub", "cloud"):
        if not soak.pid_of(name):
            soak.findings.breaks("processes that ended by themselves", name, soak.moments.plan)
            raise Failed(f"the {name} ended by itself: see its log")


async def _prove(soak: Soak) -> None:
    watch = await watched(soak.home, soak.findings, lambda: "the end")
    await everything_arrives(watch, soak.findings, "the end")
    await every_frame_is_there(soak.home, watch, soak.findings, "the end")


async def _schedules(on_wire: Street) -> dict[str, Any]:
    macs = [str(camera["mac"]).replace(":", "").lower() for camera in on_wire.cameras]
    return {camera: await on_wire.frames(camera) for camera in macs}


def _clock(folder: Path, findings: Findings) -> WrongClock | None:
    try:
        return WrongClock(folder / "clock", built("clock", folder))
    except NoCompiler as error:
        findings.notes.append(f"the clock was left alone: {error}")
        return None


def _rows_and_files(state: Path, findings: Findings) -> None:
    """After the end, with nobody writing: rows and files agree."""
    index, media = hub_index(state / "agent.db"), state / "media"
    files = [path for path in files_below(media) if path.suffix in (".m4s", ".part")]
    there = {(path.relative_to(media).parts[0], path.name) for path in files}
    rows = {(camera, f"{start_ms}.m4s") for camera, start_ms in index.rows}
    for place in rows - there:
        findings.breaks("rows without files", f"{place}", "the end")
    for place in there - rows:
        findings.breaks("files without rows", f"{place}", "the end")


async def run_soak(folder: Path, seed: int, seconds: float, say: Say) -> Findings:
    """In a namespace with a small disk where that is permitted, else without filling the disk."""
    program = [sys.executable, "-m", "faulting.soak", str(folder), str(seed), str(seconds)]
    try:
        command = await asyncio.to_thread(command_inside, Kind.TMPFS, program)
    except NotPermitted as error:
        found = await run_inside(folder, seed, seconds, say, small_disk=False)
        found.notes.append(f"the disk was not filled: {error}")
        return found
    return await run_in_namespace(command, say)


def main() -> None:
    """One JSON object a line: what is being done, and at the end what was found."""
    folder, seed, seconds = sys.argv[1:]

    def say(text: str) -> None:
        print(json.dumps({"say": text}), flush=True)

    found = asyncio.run(run_inside(Path(folder), int(seed), float(seconds), say, small_disk=True))
    print(json.dumps(found.to_json()), flush=True)


if __name__ == "__main__":
    main()
