"""A program that records on a disk of half a megabyte until it is full, makes room, and goes on.

`python recorder_on_a_small_disk.py FOLDER`: runs in a mount namespace of its own. Prints JSON.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.ports import StoreFull
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Run
from fakes.fmp4 import film

CAMERA, NOON_MS = "74fece010203", 1_795_521_600_000


async def main(folder: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=768k", "none", str(folder)]
    await asyncio.to_thread(subprocess.run, mount, check=True)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(300_000))
    async with open_store(folder, SystemClock()) as store:
        finished, error = await _until_full(store, NOON_MS)
        left = sorted(path.name for path in folder.rglob("*.part"))
        ballast.unlink()
        _, fragments = film(2)
        run = Run(CAMERA, NOON_MS + 3_600_000, "hub_trouble")
        await store.recordings.begin_run(run, film(2)[0])
        file = await store.recordings.begin_segment(run, 0, run.run_ms)
        await file.append(fragments[0])
        await file.finish(run.run_ms + 1000)
        found = await store.history.segments(CAMERA, 0, 2**50, None)
        sizes = {path.stem: path.stat().st_size for path in folder.rglob("*.m4s")}
    agree = sizes == {str(segment.start_ms): segment.size_bytes for segment in found}
    starts = [segment.start_ms for segment in found]
    kept = all(start in starts for start in finished)
    report = {
        "error": error, "finished": len(finished), "kept": kept, "found": len(found),
        "agree": agree, "left_while_full": len(left), "left": len(list(folder.rglob("*.part"))),
    }  # fmt: skip
    sys.stdout.write(json.dumps(report))


async def _until_full(store: Store, run_ms: int) -> tuple[list[int], str]:
    """Segments of two fragments of 20 kB until the disk says no; the second of the last may be torn."""
    init, fragments = film(2)
    padding = (20_000).to_bytes(4, "big") + b"free" + bytes(19_992)
    run, finished = Run(CAMERA, run_ms), list[int]()
    await store.recordings.begin_run(run, init)
    for sequence in range(1000):
        start_ms = run_ms + sequence * 2000
        file = None
        try:
            file = await store.recordings.begin_segment(run, sequence, start_ms)
            await file.append(fragments[0])
            await file.append(padding + fragments[1])
            finished.append((await file.finish(start_ms + 2000)).start_ms)
        except StoreFull as error:
            if file is not None:
                await file.abandon()
            return finished, str(error)
    raise AssertionError("the disk never filled up")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
