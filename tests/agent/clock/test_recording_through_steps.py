"""Whatever the wall clock does, recording goes on at once: each frame is in exactly one segment, no two begin
at the same moment, and once the time is known everything is where it was.
"""

from itertools import accumulate

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backsight_agent.domain.anchoring import EXACT_MS
from backsight_agent.domain.states import State
from backsight_agent.domain.trusted_time import SETTLE_S
from backsight_agent.tasks.gop_queue import Read
from fakes.clock import NOON_MS
from fakes.footage_of_hub import CAMERA
from fakes.hub_in_time import GOP, GOP_S, HubInTime

SECOND, HOUR, YEAR = 1_000, 3_600_000, 365 * 86_400_000
STEPS = [-56 * YEAR, -YEAR, -HOUR, -61 * SECOND, -31 * SECOND, -2 * SECOND, -900]
STEPS += [900, 2 * SECOND, 31 * SECOND, 61 * SECOND, HOUR, YEAR]


async def test_a_hub_that_boots_in_1970_records_at_once_and_is_right_in_the_end() -> None:
    hub = HubInTime(-NOON_MS)
    await hub.film(30)
    assert hub.board.states[CAMERA].state is State.RECORDING
    assert hub.segments[0].start_ms < 100_000  # as seen here
    assert hub.store.state.dated(CAMERA) == []
    hub.clock.jump(NOON_MS)
    hub.ntp = True
    await hub.film(round(SETTLE_S / GOP_S) + 2)
    await hub.date()
    await hub.stop()
    assert hub.all_frames == list(range(hub.shown * GOP))
    assert max(abs(hub.error_ms(segment)) for segment in hub.segments) <= 5
    assert hub.overlap_ms <= 0
    assert len(hub.store.state.runs) == 2
    assert sum(hub.gaps_ms) <= 5


async def test_the_run_that_goes_on_when_the_time_is_known_is_not_ended_when_it_is_right() -> None:
    """Each boot with a clock of its own: recording begins before NTP has answered."""
    hub = HubInTime()
    await hub.film(10)
    assert await hub.store.undated.count() == 1
    hub.ntp = True
    await hub.date()
    await hub.film(10)
    await hub.stop()
    assert await hub.store.undated.count() == 0
    assert len(hub.store.state.runs) == 1


@pytest.mark.parametrize("wrong_ms", [-NOON_MS, -3 * HOUR, 3 * HOUR, 50 * YEAR])
async def test_the_clouds_time_dates_what_is_recorded_by_a_wrong_clock_and_what_comes(wrong_ms: int) -> None:
    hub = HubInTime(wrong_ms, paired=True)
    await hub.film(10)
    hub.time.confirm(hub.clock.now_ms() - wrong_ms)
    await hub.film(10)
    await hub.date()
    await hub.stop()
    assert hub.all_frames == list(range(20 * GOP))
    assert max(abs(hub.error_ms(segment)) for segment in hub.segments) <= 5
    assert hub.overlap_ms <= 0
    assert await hub.store.undated.count() == 0
    assert hub.time.trusted_now_ms() is None  # and still nothing is deleted


@pytest.mark.parametrize("step_ms", STEPS)
async def test_a_step_ends_the_run_and_nothing_else(step_ms: int) -> None:
    hub = HubInTime(ntp=True)
    await hub.film(20)
    hub.clock.jump(step_ms)
    await hub.film(20)
    await hub.stop()
    assert sorted(hub.all_frames) == list(range(40 * GOP))
    assert len(hub.store.state.runs) == (1 if abs(step_ms) < SECOND else 2)
    assert hub.board.states[CAMERA].state is State.RECORDING


@pytest.mark.parametrize("step_ms", STEPS)
async def test_after_a_step_that_the_cloud_confirms_all_is_where_it_was(step_ms: int) -> None:
    """The clock was wrong at first, nobody vouched for it, and it was set right."""
    hub = HubInTime(-step_ms, paired=True)
    await hub.film(20)
    hub.clock.jump(step_ms)
    await hub.film(10)
    hub.time.confirm(hub.clock.now_ms())
    await hub.film(10)
    await hub.date()
    await hub.stop()
    assert hub.all_frames == list(range(40 * GOP))
    assert max(abs(hub.error_ms(segment)) for segment in hub.segments) <= EXACT_MS
    assert hub.overlap_ms <= 0


async def test_back_over_moments_that_are_recorded_to_the_very_millisecond() -> None:
    """The worst case: the clock goes back by whole segments, and each moment is taken."""
    hub = HubInTime(marks=False)
    await hub.film(60)
    for _ in range(3):
        hub.clock.jump(-100_000)
        await hub.film(50)
    await hub.stop()
    assert sorted(hub.all_frames) == list(range(210 * GOP))
    assert len({segment.start_ms for segment in hub.segments}) == len(hub.segments)
    assert {run.after for run in hub.store.state.runs.values()} == {"start", "clock_jump"}
    assert hub.board.states[CAMERA].state is State.RECORDING


async def test_what_waited_for_the_disk_since_before_the_time_was_known_is_not_taken_for_true() -> None:
    hub = HubInTime(-NOON_MS)
    early = [hub.next_gop() for _ in range(5)]
    await hub.clock.advance(5 * GOP_S)
    offset_ms = hub.clock.now_ms() - hub.clock.monotonic() * 1000
    hub.clock.jump(NOON_MS)
    hub.time.confirm(hub.clock.now_ms())
    for timed in early:
        hub.queue.put(Read(timed, offset_ms))
    await hub.film(5)
    assert await hub.store.undated.count() == 1
    await hub.date()
    await hub.stop()
    assert hub.all_frames == list(range(10 * GOP))
    assert max(abs(hub.error_ms(segment)) for segment in hub.segments) <= 5


steps = st.lists(
    st.tuples(st.integers(1, 12), st.one_of(st.sampled_from(STEPS), st.integers(-120_000, 120_000))),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(steps)
async def test_steps_of_any_kind_lose_no_frame_and_double_none(happening: list[tuple[int, int]]) -> None:
    hub = HubInTime(marks=False)
    for gops, step_ms in happening:
        await hub.film(gops)
        hub.clock.jump(step_ms)
    await hub.film(3)
    await hub.stop()
    assert sorted(hub.all_frames) == list(range(hub.shown * GOP))


@settings(max_examples=60)
@given(steps, st.sampled_from([0, -NOON_MS, -HOUR, HOUR, YEAR]))
async def test_steps_of_any_kind_before_the_time_is_known_are_all_undone_once_it_is(
    happening: list[tuple[int, int]], wrong_ms: int
) -> None:
    assume(all(wall_ms > 0 for wall_ms in accumulate([NOON_MS + wrong_ms, *(by for _, by in happening)])))
    hub = HubInTime(wrong_ms, paired=True)  # no kernel lets its clock be set to before 1970
    for gops, step_ms in happening:
        await hub.film(gops)
        hub.clock.jump(step_ms)
    await hub.film(3)
    truth_ms = NOON_MS + (hub.clock.monotonic() - 1000) * 1000
    hub.time.confirm(round(truth_ms))
    await hub.film(2)
    await hub.date()
    await hub.stop()
    assert hub.all_frames == list(range(hub.shown * GOP))
    trusted = hub.time.trusted_now_ms() is not None
    off_ms = abs(hub.clock.now_ms() - NOON_MS - (hub.clock.monotonic() - 1000) * 1000) if trusted else 0
    assert max(abs(hub.error_ms(one)) for one in hub.segments) <= EXACT_MS + off_ms + 60_000 * (off_ms > 0)
