"""The coordinator's side of `faulting.lives`: orders lives, kills them, hears how they ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1]
STUCK_S = 30.0  # real seconds; a life that does not end by then never will


class Stuck(Exception):
    """A life did not end when it was told to."""


@dataclass
class Life:
    """A process that lives by an order; at most one at a time in a nursery."""

    pid: int
    nursery: "Nursery"
    code: int | None = None

    def kill(self) -> None:
        """SIGKILL, at this instant."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    async def ended(self, timeout_s: float = STUCK_S) -> int:
        """The exit code; negative for a signal. Raises Stuck."""
        if self.code is None:
            try:
                async with asyncio.timeout(timeout_s):
                    self.code = (await self.nursery.answer())["ended"]
            except TimeoutError:
                self.kill()
                raise Stuck(f"a life did not end within {timeout_s:.0f} s") from None
        return self.code

    async def lives_for(self, seconds: float) -> bool:
        """Whether it is still alive after so long."""
        if self.code is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    self.code = (await self.nursery.answer())["ended"]
        return self.code is None


class Nursery:
    """A process that has imported what a kind of life needs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._answers: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.life: Life | None = None

    async def bear(self, order: Mapping[str, Any]) -> Life:
        """Begin a life."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self.life = Life((await self.answer())["pid"], self)
        return self.life

    async def only(self) -> None:
        """End the life that is lived now, if there is one: the next order must find nobody."""
        if self.life is not None and self.life.code is None:
            self.life.kill()
            await self.life.ended()

    async def answer(self) -> dict[str, Any]:
        """The next line of the process."""
        answer = await self._answers.get()
        if answer is None:
            raise Stuck("the process that forks the lives is gone: see its log")
        return answer

    async def listen(self) -> None:
        """Read what the process says until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._answers.put_nowait(json.loads(line))
        self._answers.put_nowait(None)


@asynccontextmanager
async def nursery(
    kind: str, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Nursery]:
    """A nursery of hubs or clouds; it and what lives in it are gone afterwards."""
    folders = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **(environment or {}), "PYTHONPATH": os.pathsep.join(folders)}
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "faulting.lives", kind),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            env=env,
            start_new_session=True,
        )
    born = Nursery(process)
    listening = asyncio.ensure_future(born.listen())
    try:
        yield born
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await listening
