"""A process of its own that uploads what waits in a paired hub's store, and says what that took.

`python -m benches._uploader STATE STOP_AFTER CAMERA...`: one JSON line once it has opened the store, one when
so many segments are in the cloud.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.domain.states import Board
from backsight_agent.domain.upload_order import EVENT_POST_MS, EVENT_PRE_MS
from backsight_agent.tasks.upload import upload_forever
from backsight_shared.clock import SystemClock
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.wire import BATCH_SEGMENTS, Batch, CameraReport, CamerasReport, Commits, Place

SETTLED_AFTER = 50  # segments; memory is looked at from there on


class _Everything:
    """All of every camera may be uploaded."""

    def __init__(self) -> None:
        self.upload_changed = asyncio.Event()

    def upload(self, camera: str) -> UploadPolicy | None:
        return "all"


class _Time:
    def confirm(self, cloud_time_ms: int) -> None:
        """Nothing is deleted here."""


class _Watched(HttpCloud):
    """Notes when the first put begins, and what is in the cloud."""

    first_put: float | None = None
    began = ended = 0.0
    segments = size_bytes = wanted = 0

    async def put(self, place: Place, data: bytes) -> None:
        if self.first_put is None:
            self.first_put = self.began = time.monotonic()
        await super().put(place, data)

    async def commits(self, batch: Batch) -> Commits:
        commits = await super().commits(batch)
        for segment, commit in zip(batch.segments, commits.segments, strict=True):
            if commit.state != "stored":
                raise RuntimeError(f"the cloud did not take a segment: {commit}")
            self.segments += 1
            self.size_bytes += segment.size_bytes
        self.ended = time.monotonic()
        return commits


async def _upload(state: Path, stop_after: int, cameras: tuple[str, ...]) -> None:
    clock, online = SystemClock(), asyncio.Event()
    online.set()
    async with open_store(state, clock) as store, _Watched(Keystore(state), clock, _Time()) as cloud:
        await cloud.report_cameras(
            CamerasReport(tuple(CameraReport(one, f"Camera {one}", "EC60") for one in cameras))
        )
        opened = time.monotonic()
        around = cameras[0], EVENT_PRE_MS, EVENT_POST_MS, BATCH_SEGMENTS
        _say(
            opened=opened,
            counted_ms=await _best_ms(store.backlog.counts),
            looked_ms=await _best_ms(lambda: store.backlog.newest_of_events(*around)),
        )
        board = Board(cameras, clock)
        task = asyncio.create_task(
            upload_forever(cameras, store.backlog, cloud, online, _Everything(), board, clock)
        )
        resident = []
        while cloud.segments < stop_after and not task.done():
            await asyncio.sleep(0.02)
            if cloud.segments >= SETTLED_AFTER:
                resident.append(_own_mib())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _say(
            first_put=cloud.first_put,
            took_s=cloud.ended - cloud.began,
            segments=cloud.segments,
            size_bytes=cloud.size_bytes,
            mib=max(resident),
        )


async def _best_ms(ask: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of a question, the way to the index's thread and back included."""
    took = []
    for _ in range(20):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    return min(took) * 1000


def _own_mib() -> float:
    """Resident, without what is shared with other processes."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
    return (int(resident) - int(shared)) * 4096 / 1024**2


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(_upload(Path(sys.argv[1]), int(sys.argv[2]), tuple(sys.argv[3:])))
