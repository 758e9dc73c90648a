"""Lives that are forked one after the other by a process that has its imports behind it, and may be killed.

The child's side is `serve_lives`, in a program like `fakes/dying_cloud.py`; the test's side is `forked`. A
line to the program is one life; what a life prints is heard, and then how it ended, "ended CODE".
"""

import asyncio
import os
import sys
import traceback
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
KILLED = -9
LIFE_S = 20.0

Live = Callable[[Sequence[str]], Coroutine[Any, Any, None]]


def serve_lives(
    live: Live, meanwhile: Callable[[int, Sequence[str]], None] = lambda _pid, _words: None
) -> None:
    """Fork a life for each line of the input, whose words it is given; `meanwhile` may disturb it."""
    for line in sys.stdin:
        words = line.split()
        child = os.fork()
        if child == 0:
            _live(live, words)
        meanwhile(child, words)
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


def _live(live: Live, words: Sequence[str]) -> None:
    """Ends the process: a child must never run on in its parent's loop."""
    code = 1
    try:
        asyncio.run(live(words))
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the test hears of it by the exit code
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


class Lives:
    """The process that forks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    async def live(self, *words: object) -> tuple[int, list[list[str]]]:
        """One life: its exit code (KILLED when it was), and the words of each line that it said."""
        self._stdin.write((" ".join(map(str, words)) + "\n").encode())
        said: list[list[str]] = []
        async with asyncio.timeout(LIFE_S):
            while (line := (await self._stdout.readline()).decode().split())[0] != "ended":
                said.append(line)
        return int(line[1]), said

    async def close(self) -> None:
        self._stdin.close()
        async with asyncio.timeout(LIFE_S):
            await self._process.wait()


@asynccontextmanager
async def forked(module: str, *arguments: str) -> AsyncIterator[Lives]:
    """Run the program; it ends with the block."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    lives = Lives(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments), env=environment, stdin=PIPE, stdout=PIPE
        )
    )
    try:
        yield lives
    finally:
        await lives.close()
