"""The kinds of faults, and how the time is shared among them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from faulting.campaign import Say, run_kills
from faulting.clocks import run_clock
from faulting.dating import run_dating
from faulting.findings import Findings
from faulting.full import run_full
from faulting.lost import run_lost
from faulting.lost_cloud import run_lost_cloud
from faulting.net import run_net
from faulting.small_disk import Kind
from faulting.soak import run_soak

Run = Callable[[Path, int, float, Say], Coroutine[Any, Any, Findings]]

# Of each kind its campaigns, with the share of the time that each of them gets.
KINDS: dict[str, tuple[tuple[str, Run, float], ...]] = {
    "kill": (("kill", partial(run_kills, at_steps=False), 3.0),),
    "steps": (("steps", partial(run_kills, at_steps=True), 3.0),),
    "full": (
        ("full-tmpfs", partial(run_full, kind=Kind.TMPFS), 0.5),
        ("full-ext4", partial(run_full, kind=Kind.EXT4), 0.5),
    ),
    "lost": (("lost", run_lost, 1.3), ("lost-cloud", run_lost_cloud, 0.7)),
    "clock": (("dating", run_dating, 0.7), ("clock", run_clock, 0.8)),
    "net": (("net", run_net, 0.5),),
    "house": (("house", run_soak, 0.0),),  # beside all others, for the whole time
}


async def run_kinds(
    kinds: Sequence[str], folder: Path, seed: int, seconds: float, say: Say
) -> list[Findings]:
    """One campaign after the other, in folders of their own; beside them the house, when it is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    async with asyncio.TaskGroup() as both:
        beside = [
            both.create_task(run(folder / name, seed, seconds, partial(_said_by, name, say)))
            for kind in kinds
            for name, run, share in KINDS[kind]
            if not share
        ]
        found = await _in_turn([one for kind in kinds for one in KINDS[kind]], folder, seed, seconds, say)
    return [*found, *(task.result() for task in beside)]


async def _in_turn(
    campaigns: Sequence[tuple[str, Run, float]], folder: Path, seed: int, seconds: float, say: Say
) -> list[Findings]:
    whole = sum(share for _, _, share in campaigns)
    found = []
    for name, run, share in campaigns:
        if share:
            own_s = seconds * share / whole
            say(f"{name}: {own_s:.0f} s, seed {seed}")
            found.append(await run(folder / name, seed, own_s, partial(_said_by, name, say)))
    return found


def _said_by(name: str, say: Say, text: str) -> None:
    say(f"{name}: {text}")
