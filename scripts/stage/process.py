"""A child process that is stopped by the one who started it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent  # the environment's commands stand beside its Python
START_S = 60.0  # seconds until a process must have said that it is ready
STOP_S = 20.0  # seconds that a process may take to end cleanly


class Failed(Exception):
    """A process did not do what it must; the text has the end of its log."""


class Child:
    """One running process: its log is a file, its first line of output is JSON when `announces`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.announced: dict[str, Any] = {}

    @classmethod
    async def start(cls, name: str, command: Sequence[str | Path], log: Path, *, announces: bool) -> "Child":
        """Start it; with `announces`, wait for the line that says it is ready."""
        environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "PYTHONUNBUFFERED": "1"}
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if announces else sink,
                stderr=sink,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches us alone: we stop them in order
                limit=1 << 20,
            )
        child = cls(name, process, log)
        if announces:
            child.announced = await child._first_line()
        return child

    async def stop(self) -> int:
        """SIGTERM, then wait for the end; SIGKILL when that takes too long. Gives the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_S)
        except TimeoutError:
            await self.kill()
            raise Failed(f"{self.name} did not stop within {STOP_S:.0f} s\n{self.tail()}") from None

    async def kill(self) -> None:
        """SIGKILL: what a power cut looks like to a process."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-30:] if self.log.exists() else []
        return "\n".join(f"  {self.name}: {line}" for line in lines)

    async def _first_line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), START_S)
            announced: dict[str, Any] = json.loads(line)
        except (TimeoutError, ValueError):
            await self.kill()
            raise Failed(f"{self.name} did not start\n{self.tail()}") from None
        except asyncio.CancelledError:
            await self.kill()
            raise
        return announced


async def command(name: str, *arguments: str | Path, stdin: str = "") -> str:
    """Run one of our commands to its end; its output. Raises Failed with what it said."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / name),
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), START_S)
    if process.returncode:
        raise Failed(f"{name} {' '.join(map(str, arguments))}: {err.decode(errors='replace').strip()}")
    return out.decode()


async def until(truth: Any, timeout_s: float, what: str, every_s: float = 0.1) -> Any:
    """Wait until `await truth()` gives something true, and give that. Raises Failed naming `what`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while True:
        result = await truth()
        if result:
            return result
        if loop.time() > end:
            raise Failed(f"waited {timeout_s:.0f} s in vain for {what}")
        await asyncio.sleep(every_s)
