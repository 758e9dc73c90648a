"""A program that dates what a store holds and dies by SIGKILL at a given step: for crash tests.

`python dying_dater.py FOLDER ZERO_MS STEP`: ZERO_MS is the true time at which this boot began, STEP the
number of the step to die at (0: none). Says the step it dies at.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from backsight_agent.adapters.store.opening import open_store
from backsight_agent.domain.anchoring import places
from backsight_shared.clock import SystemClock

HERE = "here"


def main() -> None:
    asyncio.run(_date(Path(sys.argv[1]), int(sys.argv[2]), _Executioner(int(sys.argv[3]))))


async def _date(folder: Path, zero_ms: int, steps: "_Executioner") -> None:
    async with open_store(folder, SystemClock(), steps) as store:
        await store.undated.decide(places(await store.undated.boots(), HERE, zero_ms), {})
        while await store.undated.move_next():
            pass


class _Executioner:
    """Counts the store's steps and kills the process at one of them."""

    def __init__(self, step: int) -> None:
        self.count, self._step = 0, step

    def __call__(self, step: str) -> None:
        self.count += 1
        if self.count == self._step:
            os.write(1, step.encode())
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
