"""A network that breaks in every way between hub, cloud and cameras: everything arrives, and once."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from faulting.campaign import Say
from faulting.findings import Findings
from faulting.house import House, HousePlan, house
from faulting.proving import every_frame_is_there, everything_arrives
from faulting.proxy import FAIR, REFUSING, STALLED, Weather, Wire, dropping, slow
from faulting.rule import Steps
from faulting.watching import View, Watch

QUIET_S = 12.0  # seconds before the first trouble: each camera has a segment by then
TROUBLE_S = (3.0, 9.0)
PAUSE_S = (0.5, 4.0)
TROUBLES = ("cut", "flap", REFUSING, STALLED, slow(30_000), dropping(60_000), dropping(9_000))
CAMERA_TROUBLES = ("cut", "flap", STALLED, dropping(60_000), slow(60_000))


async def run_net(folder: Path, seed: int, seconds: float, say: Say) -> Findings:
    """Trouble for so long, then fair weather, and everything must be there."""
    findings = Findings("net")
    async with house(HousePlan(folder, wires_to_cameras=True)) as home:
        await home.start_hub()
        await home.everything_records()
        now = [""]
        watch = await watched(home, findings, lambda: now[0])
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tree:
            tree.create_task(watch.watch(stop))
            await asyncio.sleep(QUIET_S)
            await trouble(home, Random(f"{seed} net"), seconds, findings, now, say)
            await home.everything_records()
            await asyncio.sleep(QUIET_S)
            stop.set()
        await everything_arrives(watch, findings, "the end")
        await every_frame_is_there(home, watch, findings, "the end")
    return findings


async def trouble(
    home: House, chance: Random, seconds: float, findings: Findings, now: list[str], say: Say
) -> None:
    """One trouble after the other, each on a wire of its own."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        await one_trouble(home, chance, findings, now, say)
        await asyncio.sleep(chance.uniform(*PAUSE_S))


async def one_trouble(home: House, chance: Random, findings: Findings, now: list[str], say: Say) -> None:
    """A wire breaks in some way for some seconds; `now` holds what is going on."""
    where, wires, kinds = _chosen(home, chance)
    what, for_s = chance.choice(kinds), chance.uniform(*TROUBLE_S)
    now[0] = f"{where}: {what if isinstance(what, str) else what.name} for {for_s:.1f} s"
    say(now[0])
    findings.add("troubles of the network")
    await _endure(wires, what, for_s, chance)


def _chosen(home: House, chance: Random) -> tuple[str, Sequence[Wire], Sequence[str | Weather]]:
    where = chance.choice(("https", "https", "broker", "cloud", *home.to_cameras))
    wires = {"https": [home.https], "broker": [home.broker], "cloud": [home.https, home.broker]}
    if where in wires:
        return where, wires[where], TROUBLES
    return f"camera {where}", home.to_cameras[where], CAMERA_TROUBLES


async def _endure(wires: Sequence[Wire], what: str | Weather, for_s: float, chance: Random) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + for_s
    while isinstance(what, str) and loop.time() < end:
        await _all(wires, REFUSING if what == "flap" else None)
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        await _all(wires, FAIR)
        await asyncio.sleep(chance.uniform(0.2, 1.5))
    if isinstance(what, Weather):
        await _all(wires, what)
        await asyncio.sleep(for_s)
    await _all(wires, FAIR)


async def _all(wires: Sequence[Wire], weather: Weather | None) -> None:
    """Turn all of them; None cuts what is connected now."""
    for wire in wires:
        if weather is None:
            wire.cut()
        else:
            await wire.turn(weather)


async def watched(home: House, findings: Findings, plan: Callable[[], str]) -> Watch:
    """Eyes on every camera of both sides, by the windows that its cloud's operator is told."""
    steps = await bound(home)

    def views(side: str) -> dict[str, View]:
        eyes, base = (home.hub, "/cameras") if side == "hub" else (home.owner, "/v1/cameras")
        return {
            camera: View(
                side, camera, f"{base}/{camera}", eyes.json, eyes.bytes, steps[camera], findings, plan
            )
            for camera in home.cameras
        }

    return Watch(views("hub"), views("cloud"))


async def bound(home: House) -> dict[str, Steps]:
    """Every camera's window steps, once the cloud has taken all of them."""
    for _ in range(100):
        steps = await home.cloud.steps()
        if set(home.cameras) <= set(steps):
            break
        await asyncio.sleep(0.2)
    return {camera: [[step.from_ms, step.window_ms] for step in steps[camera]] for camera in home.cameras}
