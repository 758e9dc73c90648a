"""Through every trouble a camera can make, what was recorded is each frame once, in order, at its moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.record import record_forever
from backsight_shared.clock import SystemClock
from backsight_shared.segment import camera_id
from fakes.recordings import FakeRecordings
from simcam.camera import SimCamera
from simcam.reading import frames_in, walk
from simcam.settings import Fault
from simcam.timeline import FPS

from .conftest import OpenCamera, source_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
CYCLE = 480


@asynccontextmanager
async def recording(camera: SimCamera, store: FakeRecordings) -> AsyncIterator[Board]:
    clock, name = SystemClock(), camera_id(camera.setup.mac)
    board = Board((name,), clock)
    task = asyncio.ensure_future(record_forever(name, source_of(camera), AvMuxers(), store, board, clock))
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until_state(board: Board, state: State) -> None:
    async with asyncio.timeout(15):
        while state not in {now.state for now in board.states.values()}:
            board.changed.clear()
            await board.changed.wait()


def recorded_indexes(camera: SimCamera, store: FakeRecordings) -> list[int]:
    """The place of every recorded frame in the camera's endless film: by its number, nearest to its time."""
    indexes = []
    inits = {run_ms: init for run_ms, (_, init) in store.runs.items()}
    for segment, data in store.segments:
        frames = frames_in(inits[segment.run_ms] + data)
        for frame in frames:
            assert frame.number is not None
            moment_ms = segment.start_ms + (frame.pts_s - frames[0].pts_s) * 1000
            about = camera.timeline.index_at_wall(moment_ms)
            indexes.append(about + (frame.number - about + CYCLE // 2) % CYCLE - CYCLE // 2)
    return indexes


@pytest.mark.parametrize("family", ["kasa", "tapo"])
async def test_twenty_five_quiet_seconds_are_recorded_without_a_hole(
    open_camera: OpenCamera, family: str
) -> None:
    camera, store = await open_camera(family), FakeRecordings()
    async with recording(camera, store):
        await store.until(segments=2, seconds=30)
        await asyncio.sleep(3)
    (clip,) = store.clips()
    found = walk(frames_in(clip))
    assert (found.missing, found.repeated, found.unreadable, found.uneven) == (0, 0, 0, 0)
    assert found.frames >= 22 * FPS
    indexes = recorded_indexes(camera, store)
    assert indexes == list(range(indexes[0], indexes[0] + len(indexes)))
    assert [segment.end_ms - segment.start_ms for segment, _ in store.segments[:2]] == [10_000, 10_000]


@pytest.mark.parametrize("family", ["kasa", "tapo"])
async def test_frames_are_where_the_wall_clock_had_them(open_camera: OpenCamera, family: str) -> None:
    camera, store = await open_camera(family), FakeRecordings()
    async with recording(camera, store):
        await store.until(runs=1)
        await asyncio.sleep(3)
    first = recorded_indexes(camera, store)[0]
    due_ms = camera.timeline.wall_ms(first)
    assert -50 <= store.segments[0][0].start_ms - due_ms <= 400


@pytest.mark.parametrize(
    ("family", "reasons"),
    [
        ("kasa", ["stream_broken", "stream_broken", "stream_broken", "stream_broken", "off"]),
        ("tapo", ["stream_broken", "stream_broken", "stream_broken", "stream_broken", "stream_refused"]),
    ],
)
async def test_every_trouble_costs_only_its_own_time(
    open_camera: OpenCamera, family: str, reasons: list[str]
) -> None:
    camera, store = await open_camera(family), FakeRecordings()
    async with recording(camera, store) as board:
        await store.until(runs=1)
        for run, (fault, seconds) in enumerate(
            [(Fault.CUT, 0), (Fault.GARBAGE, 1), (Fault.TRUNCATE, 1), (Fault.STALL, 6), (Fault.OFF, 5)],
            start=2,
        ):
            await asyncio.sleep(1.5)
            await camera.impose(fault, seconds or None)
            await store.until(runs=run)
            await until_state(board, State.RECORDING)
        await camera.impose(Fault.UNAUTHORIZED)
        await until_state(board, State.LOGIN_REFUSED)
    assert store.afters == ["start", *reasons]
    assert all(walk(frames_in(clip))[1:4] == (0, 0, 0) for clip in store.clips())
    assert all(before < after for before, after in pairwise(recorded_indexes(camera, store)))
    spans = [(segment.start_ms, segment.end_ms) for segment, _ in store.segments]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
