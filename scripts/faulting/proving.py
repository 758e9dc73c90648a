"""What a house must show at the end: every segment in the cloud, byte for byte, every frame in its place."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from faulting.findings import Findings
from faulting.house import House
from faulting.left import wrong_frames
from faulting.rule import leaves_ms
from faulting.watching import View, Watch, checksum
from stage.lookout import now_ms
from stage.process import Failed, until

CYCLE = 480
ARRIVE_S = 60.0  # seconds for the last segments to arrive
MARGIN_MS = 3_000  # what is this near to its end may leave while it is compared


@dataclass(frozen=True, slots=True)
class Fetched:
    """A segment with its bytes."""

    start_ms: int
    end_ms: int
    run_ms: int
    data: bytes


async def everything_arrives(watch: Watch, findings: Findings, plan: str) -> None:
    """What the hub lists is in the cloud soon, once, and has the same bytes."""
    for camera, view in watch.hub.items():
        theirs = watch.cloud[camera]

        async def level(mine: View = view, theirs: View = theirs) -> bool:
            return not await _missing(mine, theirs)

        try:
            await until(level, ARRIVE_S, f"all of {camera} in the cloud", every_s=0.5)
        except Failed:
            for start_ms in await _missing(view, theirs):
                findings.breaks("segments that never arrived in the cloud", f"{camera}: {start_ms}", plan)
        await _compare(camera, view, theirs, findings, plan)


async def _missing(mine: View, theirs: View) -> list[int]:
    soon_ms = now_ms() + MARGIN_MS
    there = {row["start_ms"] for row in await theirs.history()}
    rows = await mine.history()
    return [
        row["start_ms"]
        for row in rows
        if row["start_ms"] not in there and leaves_ms(mine.steps, row["end_ms"]) > soon_ms
    ]


async def _compare(camera: str, mine: View, theirs: View, findings: Findings, plan: str) -> None:
    rows = sorted(await theirs.history(), key=lambda row: row["start_ms"])
    for before, after in pairwise(rows):
        if after["start_ms"] < before["end_ms"]:
            findings.breaks("segments that overlap", f"cloud, {camera}: {before} {after}", plan)
    ours = {row["start_ms"] for row in await mine.history()}
    for row in rows:
        start_ms = row["start_ms"]
        if start_ms not in ours or leaves_ms(mine.steps, row["end_ms"]) < now_ms() + MARGIN_MS:
            continue
        if checksum(await mine.fetch(start_ms)) != checksum(await theirs.fetch(start_ms)):
            findings.breaks("uploaded segments missing in the cloud", f"{camera}: {start_ms} differs", plan)
        findings.add("segments compared in the cloud")


async def every_frame_is_there(house: House, watch: Watch, findings: Findings, plan: str) -> None:
    """Within each run on the hub nothing is missing that its camera sent, and all of it is that camera's."""
    for camera, painted in house.cameras.items():
        view = watch.hub[camera]
        for run_ms, group in groupby(await fetched(view), key=lambda one: one.run_ms):
            segments = list(group)
            if house.said_nothing(camera, segments[0].start_ms, segments[-1].end_ms):
                findings.add("runs in which their camera stalled")  # what it never sent is not missing
                continue
            await _run(view, run_ms, segments, painted, findings, plan)


async def fetched(view: View) -> list[Fetched]:
    """Everything that a side lists, with its bytes, in order."""
    rows = sorted(await view.history(), key=lambda row: (row["run_ms"], row["start_ms"]))
    found = []
    for row in rows:
        if leaves_ms(view.steps, row["end_ms"]) > now_ms() + MARGIN_MS:
            data = await view.fetch(row["start_ms"])
            found.append(Fetched(row["start_ms"], row["end_ms"], row["run_ms"], data))
    return found


async def _run(
    view: View, run_ms: int, segments: Sequence[Fetched], painted: int, findings: Findings, plan: str
) -> None:
    init = await view.init(run_ms)
    count = round((segments[-1].end_ms - segments[0].start_ms) * 15 / 1000)
    whole = b"".join(segment.data for segment in segments)
    found, wrong = await asyncio.to_thread(wrong_frames, init, whole, painted, None, count - 1, CYCLE)
    findings.add("frames read back", found)
    if wrong:
        findings.breaks("frames missing inside segments", f"{view.camera}, run {run_ms}: {wrong}", plan)
