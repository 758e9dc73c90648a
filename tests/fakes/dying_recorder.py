"""A program that records, erases and dies by SIGKILL at a given step of the store: for crash tests.

`python dying_recorder.py FOLDER FILM STEP`: FILM holds an init and fragments, STEP is the number of the
step to die at (0: none). Says on its standard output what the store promised, line by line.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Run

CAMERA = "74fece010203"
SEGMENTS = 4
LENGTH_MS = 3_000  # of a segment: three fragments of one second


def main() -> None:
    folder, film, step = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    asyncio.run(_record(folder, film, _Executioner(step)))


async def _record(folder: Path, film: Path, steps: "_Executioner") -> None:
    async with open_store(folder, SystemClock(), steps) as store:
        _say("opened")
        last = await store.recordings.last_end_ms(CAMERA)
        start_ms = (last or 1_795_521_600_000) + 60_000
        await _one_run(store, film, start_ms)
        await _erase(store, start_ms + LENGTH_MS)
        await _one_run(store, film, start_ms + 60_000)
        await _erase(store, start_ms + 60_000)
    _say(f"ended {steps.count}")


async def _one_run(store: Store, film: Path, run_ms: int) -> None:
    run = Run(CAMERA, run_ms)
    await store.recordings.begin_run(run, (film / "init").read_bytes())
    for sequence in range(SEGMENTS):
        start_ms = run_ms + sequence * LENGTH_MS
        file = await store.recordings.begin_segment(run, sequence, start_ms)
        for number in range(3):
            await file.append((film / f"{number}").read_bytes())
            _say(f"written {start_ms} {number + 1}")
        segment = await file.finish(start_ms + LENGTH_MS)
        _say(f"finished {segment.start_ms}")


async def _erase(store: Store, horizon_ms: int) -> None:
    _say(f"erasing {horizon_ms}")
    await store.retention.erase_until(CAMERA, horizon_ms, "expired", horizon_ms)
    _say(f"erased {horizon_ms}")
    while await store.retention.sweep(3):
        pass
    _say(f"swept {horizon_ms}")


class _Executioner:
    """Counts the store's steps and kills the process at one of them."""

    def __init__(self, step: int) -> None:
        self.count, self._step = 0, step

    def __call__(self, step: str) -> None:
        self.count += 1
        if self.count == self._step:
            _say(f"dies {step}")
            os.kill(os.getpid(), signal.SIGKILL)


def _say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main()
