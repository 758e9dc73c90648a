"""A program that records far more than its small disk holds, with the agent's own writer and room maker.

`python recorder_that_makes_room.py FOLDER`: runs in a mount namespace of its own. Prints JSON.
"""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.states import Board
from backsight_agent.ports import StoreFull
from backsight_agent.tasks.room import RoomHealth, make_room_forever
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Run, Segment
from fakes.fmp4 import film

FRONT, BACK, NOON_MS = "74fece010203", "3c52a1000001", 1_795_521_600_000
SEGMENTS = 400  # of 100 kB each, for each camera: ten times what the disk holds
PADDING = (98_000).to_bytes(4, "big") + b"free" + bytes(97_992)


async def main(folder: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)]
    await asyncio.to_thread(subprocess.run, mount, check=True)
    clock, health = SystemClock(), RoomHealth()
    board = Board((FRONT, BACK), clock)
    async with open_store(folder, clock) as store:
        maker = make_room_forever(store.room, {}, board, clock, paired=True, health=health)
        making = asyncio.ensure_future(maker)
        finished = {camera: await _record(store, camera) for camera in (FRONT, BACK)}
        making.cancel()
        await asyncio.wait([making])
        report = await _judged(store, folder, finished) | {"not_uploaded": health.not_uploaded}
    sys.stdout.write(json.dumps(report))


async def _record(store: Store, camera: str) -> int:
    """Segments one after the other; of every two the first is uploaded. Gives how many were refused room.

    As the agent's writer does: after a refusal a run of its own begins; what was written is the store's.
    """
    init, fragments = film(1)
    run, refused = None, 0
    for sequence in range(SEGMENTS):
        while True:
            try:
                if run is None:
                    run = Run(camera, NOON_MS + sequence * 1000 + refused % 500)
                    await store.recordings.begin_run(run, init)
                segment = await _one(store, run, sequence, fragments[0])
                break
            except StoreFull:
                run, refused = None, refused + 1
                await asyncio.sleep(0.01)
        if segment is None:
            run, refused = None, refused + 1
        elif sequence % 2 == 0:
            with suppress(StoreFull):  # then it is offered to the cloud once more
                await store.backlog.mark_uploaded([segment])
    return refused


async def _one(store: Store, run: Run, sequence: int, fragment: bytes) -> Segment | None:
    """None when it was written, and could not be finished."""
    start_ms = NOON_MS + sequence * 1000 + run.run_ms % 1000
    file = await store.recordings.begin_segment(run, sequence, start_ms)
    try:
        await file.append(fragment + PADDING)
    except StoreFull:
        await file.abandon()
        raise
    try:
        return await file.finish(start_ms + 1000)
    except StoreFull:
        return None


async def _judged(store: Store, folder: Path, refused: dict[str, int]) -> dict[str, object]:
    rows, ledger = {}, {}
    for camera in (FRONT, BACK):
        found = await store.history.segments(camera, 0, 2**50, None)
        rows[camera] = {segment.start_ms: segment.size_bytes for segment in found}
        ledger[camera] = sum(line.count for line in await store.history.erasures(camera, 1000))
    files = {
        camera: {int(path.stem): path.stat().st_size for path in (folder / "media" / camera).rglob("*.m4s")}
        for camera in rows
    }
    newest = NOON_MS + (SEGMENTS - 1) * 1000
    ends = {one: max(rows[one], default=0) for one in rows}
    return {
        "agree": rows == files,
        "accounted": all(len(rows[one]) + ledger[one] == SEGMENTS for one in rows),
        "newest_kept": all(end >= newest for end in ends.values()),
        "kept": {one: len(rows[one]) for one in rows},
        "reasons": sorted({line.reason for one in rows for line in await store.history.erasures(one, 1000)}),
        "parts": len(list(folder.rglob("*.part"))),
        "refused": refused,
    }


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
