"""The simulated cameras as a child process, steered over their control address."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from stage.process import Child

NAMES = ("Front door", "Garden", "Hall", "Garage")


@dataclass(frozen=True)
class Street:
    """Cameras on the wire."""

    child: Child
    cameras: tuple[dict[str, Any], ...]
    control: str
    block: str  # 127.x.y: the same block again is the same cameras again
    http: aiohttp.ClientSession

    async def fault(self, camera: str, fault: str, **details: Any) -> None:
        """Make one camera misbehave."""
        async with self.http.post(
            f"{self.control}/cameras/{self._mac(camera)}/fault", json={"fault": fault, **details}
        ) as answer:
            answer.raise_for_status()

    async def event(self, camera: str, kind: str) -> None:
        """Let a camera notice something."""
        async with self.http.post(
            f"{self.control}/cameras/{self._mac(camera)}/event", json={"kind": kind}
        ) as answer:
            answer.raise_for_status()

    async def mend(self, camera: str) -> None:
        """End a camera's fault."""
        async with self.http.delete(f"{self.control}/cameras/{self._mac(camera)}/fault") as answer:
            answer.raise_for_status()

    async def frames(self, camera: str, **query: str) -> Any:
        """What the camera sent, to whom and when."""
        async with self.http.get(
            f"{self.control}/cameras/{self._mac(camera)}/frames", params=query
        ) as answer:
            answer.raise_for_status()
            return await answer.json()

    def _mac(self, camera: str) -> str:
        """The camera's MAC as it writes it itself."""
        return ":".join(camera[place : place + 2] for place in range(0, 12, 2)).upper()


@asynccontextmanager
async def street(
    folder: Path,
    kasa: int = 2,
    tapo: int = 2,
    block: str | None = None,
    size: str = "1920x1080",
    models: Sequence[str] = (),
    still: int = 0,
) -> AsyncIterator[Street]:
    """Start cameras of both families, or of these models, each named as it is; they end with the block."""
    command: list[str] = [sys.executable, "-m", "simcam", "--kasa", str(kasa), "--tapo", str(tapo)]
    command += ["--names", ",".join(models or NAMES[: kasa + tapo]), "--size", size, "--json"]
    command += ["--models", ",".join(models)] if models else []
    command += ["--rtsp-port", "8554", "--https-port", "8443", "--control", "127.0.0.1:0"]
    command += ["--still", str(still)]
    if block:
        command += ["--block", block]
    child = await Child.start("cameras", command, folder / "cameras.log", announces=True)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            yield Street(
                child,
                tuple(child.announced["cameras"]),
                child.announced["control"],
                child.announced["block"],
                http,
            )
    finally:
        await child.stop()
