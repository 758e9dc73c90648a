"""Short cuts for tests that fill a hub's store with runs and segments."""

from typing import Protocol

from backsight_agent.ports import Recordings
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS
from fakes.fmp4 import film

CAMERA, OTHER = "74fece010203", "3c52a1000001"


class HasRecordings(Protocol):
    @property
    def recordings(self) -> Recordings: ...


async def record(
    store: HasRecordings,
    count: int,
    at_ms: int = NOON_MS,
    *,
    camera: str = CAMERA,
    length_ms: int = 10_000,
    after: str = "start",
) -> list[Segment]:
    """A run of segments with a few bytes in each."""
    run = Run(camera, at_ms, after)
    await store.recordings.begin_run(run, b"init")
    return [await one_segment(store, run, n, at_ms + n * length_ms, length_ms, b"data") for n in range(count)]


async def film_run(
    store: HasRecordings, count: int, at_ms: int = NOON_MS, *, camera: str = CAMERA, after: str = "start"
) -> list[Segment]:
    """A run of real video: segments of two seconds, two fragments each."""
    init, fragments = film(2 * count)
    run = Run(camera, at_ms, after)
    await store.recordings.begin_run(run, init)
    found = []
    for number in range(count):
        pair = fragments[2 * number : 2 * number + 2]
        found.append(await one_segment(store, run, number, at_ms + number * 2000, 2000, *pair))
    return found


async def one_segment(
    store: HasRecordings, run: Run, sequence: int, start_ms: int, length_ms: int, *fragments: bytes
) -> Segment:
    file = await store.recordings.begin_segment(run, sequence, start_ms)
    for fragment in fragments:
        await file.append(fragment)
    return await file.finish(start_ms + length_ms)
