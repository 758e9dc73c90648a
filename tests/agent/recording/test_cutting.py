"""Segments are cut at key frames after ten seconds; a run ends where its times could not be trusted."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.activity import Doing
from backsight_agent.domain.cutting import (
    LAGS,
    OVERLAP_MS,
    OpenRun,
    begin,
    behind,
    broken_by,
    continued,
    first_length_s,
    is_full,
    is_urgent,
)
from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import AudioChunk, Gop
from fakes.streams import PPS, frame, sound

WALL_MS = 1_795_521_600_000
OFFSET_MS = WALL_MS - 1_000_000.0  # wall minus monotonic


def timed_gop(number: int, lag_s: float = 1000.0, audio: bool = False, **looks: object) -> TimedGop:
    """GOP `number` of an endless film; with this lag, media time 0 arrived at monotonic 1000 s."""
    first = number * 30
    video = tuple(frame(n) for n in range(first, first + 30))
    chunks = (sound(video[0].pts_us),) if audio else ()
    following = frame(first + 30)
    timed = TimedGop(Gop(video, chunks, following.pts_us), following, lag_s)
    return replace(timed, **looks)  # type: ignore[arg-type]


def first_break(gops: list[TimedGop], offsets: list[float] | None = None) -> tuple[int, str] | None:
    """The index of the first GOP that cannot belong to the run of the first one, and why."""
    offsets = offsets or [OFFSET_MS] * len(gops)
    run = begin(gops[0], offsets[0], None)
    for index, (timed, offset) in enumerate(zip(gops, offsets, strict=True)):
        if index and (reason := broken_by(run, timed, offset)):
            return index, reason
        run = continued(run, timed, offset)
    return None


# ---- positions


def test_a_run_is_anchored_at_the_wall_time_of_its_first_frame() -> None:
    assert begin(timed_gop(0), OFFSET_MS, None).anchor_ms == WALL_MS


def test_the_anchor_goes_by_the_least_delayed_frame() -> None:
    assert begin(timed_gop(3, lag_s=1000.25), OFFSET_MS, None).anchor_ms == WALL_MS + 6000 + 250


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(1_000, 5_000_000), max_size=20))
def test_positions_follow_media_time_and_never_meet(first_us: int, steps: list[int]) -> None:
    run = replace(begin(timed_gop(0), OFFSET_MS, None), first_us=first_us)
    pts_us, last = first_us, run.wall_ms(first_us)
    assert last == run.anchor_ms
    for step in steps:
        pts_us += step
        assert run.wall_ms(pts_us) > last
        last = run.wall_ms(pts_us)
        assert abs(last - run.anchor_ms - (pts_us - first_us) / 1000) <= 0.5


@given(st.integers(0, 10**14), st.one_of(st.none(), st.integers(0, 10**14)))
def test_a_run_begins_behind_recorded_history_unless_the_clock_stepped_back(
    captured_ms: int, last_end_ms: int | None
) -> None:
    start_ms = behind(captured_ms, last_end_ms)
    if last_end_ms is None or captured_ms > last_end_ms or captured_ms < last_end_ms - OVERLAP_MS:
        assert start_ms == captured_ms
    else:
        assert start_ms == last_end_ms + 1


def test_a_hub_that_boots_before_1970_still_records() -> None:
    assert begin(timed_gop(0), -2_000_000.0, None).anchor_ms == 0


# ---- cutting


@given(st.floats(0.5, 7), st.floats(2, 60), st.integers(0, 10**15))
def test_segments_are_cut_at_the_first_key_frame_at_or_after_ten_seconds(
    gop_s: float, fps: float, start_us: int
) -> None:
    frame_us = 1_000_000 / fps
    frames = max(round(gop_s * fps), 1)
    for number in range(40):
        first_us = start_us + round(number * frames * frame_us)
        gop = Gop((frame(0, pts_us=first_us),) * frames, (), first_us + round(frames * frame_us))
        length_s = (gop.end_pts_us - start_us) / 1e6
        if is_full(start_us, gop):
            assert 10 - 0.51 / fps <= length_s < 10 + gop_s + 1 / fps
            return
        assert length_s < 10
    raise AssertionError("never cut")


def test_a_key_frame_half_a_frame_early_still_cuts() -> None:
    early = 10_000_000 - 33_000
    gop = Gop((frame(0, pts_us=early - 133_333), frame(1, pts_us=early - 66_667)), (), early)
    assert is_full(0, gop)


def test_an_event_cuts_its_segment_four_seconds_after_it_began() -> None:
    event = Doing(start_ms=2_500, end_ms=None)
    assert not is_urgent(0, 6_000, event)
    assert is_urgent(0, 8_000, event)


def test_an_event_cuts_one_segment_only() -> None:
    event = Doing(start_ms=2_500, end_ms=9_000)
    assert not is_urgent(8_000, 16_000, event)
    assert not is_urgent(8_000, 16_000, None)


# ---- what ends a run


def test_a_run_goes_on_while_nothing_happens() -> None:
    assert first_break([timed_gop(number) for number in range(1000)]) is None


def test_new_parameter_sets_end_the_run() -> None:
    other = frame(30, sets=PPS)
    changed = TimedGop(Gop((other,), (), other.pts_us + 66_667), None, 1000.0)
    assert first_break([timed_gop(0), changed]) == (1, "parameters_changed")


def test_a_jump_of_media_time_ends_the_run() -> None:
    assert first_break([timed_gop(0), timed_gop(1, jumped=True)]) == (1, "media_jump")


def test_sound_that_begins_ends_a_run_without() -> None:
    assert first_break([timed_gop(0), timed_gop(1, audio=True)]) == (1, "audio_began")


def test_sound_that_stops_does_not_end_the_run() -> None:
    gops = [timed_gop(0, audio=True), *(timed_gop(n) for n in range(1, 20)), timed_gop(20, audio=True)]
    assert first_break(gops) is None


def test_sound_of_another_kind_ends_the_run() -> None:
    other = timed_gop(1, audio=True)
    alaw = AudioChunk(b"\xd5", other.gop.video[0].pts_us, "alaw")
    changed = replace(other, gop=replace(other.gop, audio=(alaw,)))
    assert first_break([timed_gop(0, audio=True), changed]) == (1, "parameters_changed")


@pytest.mark.parametrize("jump_ms", [-3_600_000, -1_100, 1_100, 50 * 365 * 86_400_000])
def test_a_jump_of_the_wall_clock_ends_the_run(jump_ms: int) -> None:
    gops = [timed_gop(number) for number in range(4)]
    offsets = [OFFSET_MS, OFFSET_MS, OFFSET_MS + jump_ms, OFFSET_MS + jump_ms]
    assert first_break(gops, offsets) == (2, "clock_jump")


def test_a_wall_clock_that_is_slewed_ends_the_run_when_two_seconds_have_come_together() -> None:
    gops = [timed_gop(number) for number in range(3000)]
    offsets = [OFFSET_MS + number * 2 * 0.5 for number in range(3000)]  # 500 ppm: 1 ms in each GOP of 2 s
    assert first_break(gops, offsets) == (2001, "clock_drift")


@given(st.lists(st.floats(0, 60), min_size=2, max_size=100), st.integers(0, 13))
def test_jitter_never_ends_a_run_while_some_frame_comes_in_time(delays: list[float], phase: int) -> None:
    """However late most GOPs are: each stretch of `LAGS` has one with a frame in time."""
    lags = [0.0 if number % LAGS == phase or number == 0 else delay for number, delay in enumerate(delays)]
    gops = [timed_gop(number, lag_s=1000 + lag) for number, lag in enumerate(lags)]
    assert first_break(gops) is None


@pytest.mark.parametrize("ppm", [-100, 100])
def test_a_camera_clock_that_runs_wrong_ends_the_run_when_two_seconds_have_come_together(ppm: int) -> None:
    gops = [timed_gop(number, lag_s=1000 + number * 2 * ppm / 1e6) for number in range(11_000)]
    broken = first_break(gops)
    assert broken
    assert broken[1] == "clock_drift"
    assert 10_000 <= broken[0] <= 10_000 + LAGS + 1


def test_a_stream_that_stays_late_is_anchored_anew() -> None:
    gops = [timed_gop(0), *(timed_gop(number, lag_s=1003.0) for number in range(1, 40))]
    assert first_break(gops) == (LAGS, "clock_drift")


def test_a_run_that_follows_a_drift_is_not_ended_by_the_same_drift() -> None:
    """Its anchor was moved behind what is recorded; only what changes from then on counts."""
    ended_ms = WALL_MS + 5_000
    run: OpenRun = begin(timed_gop(0), OFFSET_MS, ended_ms)
    assert run.anchor_ms == ended_ms + 1
    assert broken_by(run, timed_gop(1), OFFSET_MS) is None


def test_cameras_that_begin_together_have_first_segments_of_their_own_lengths() -> None:
    lengths = sorted(first_length_s(f"74fece0000{number:02x}") for number in range(64))
    assert 5.0 <= lengths[0] < lengths[-1] < 10.0
    assert max(later - sooner for sooner, later in pairwise(lengths)) < 0.2


@pytest.mark.parametrize(
    ("last_end_ms", "begins_ms"),
    [(WALL_MS + 16, WALL_MS + 17), (WALL_MS - 5, WALL_MS), (WALL_MS + 3_600_000, WALL_MS)],
)
def test_a_run_in_doubt_begins_behind_the_one_before_only_where_the_clocks_agree(
    last_end_ms: int, begins_ms: int
) -> None:
    """Neither of the two may be moved later: then they must not reach into each other."""
    run = begin(timed_gop(0), OFFSET_MS, last_end_ms, provisional=True)
    assert run.anchor_ms == begins_ms
