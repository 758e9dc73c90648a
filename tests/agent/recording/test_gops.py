"""A GOP goes from a key frame to just before the next; every frame is in one, and time only goes forward."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.gops import GOP_LIMIT_BYTES, GOP_LIMIT_S, GopCollector, TimedGop
from backsight_agent.domain.media import Arrival, VideoUnit
from backsight_agent.domain.unusable import Unusable
from fakes.streams import FRAME_US, arrivals, frame, numbers, sound


def collect(arriving: list[Arrival]) -> list[TimedGop]:
    collector = GopCollector()
    closed = [collector.add(arrival) for arrival in arriving]
    return [timed for timed in (*closed, collector.finish()) if timed]


def frames_of(timed: TimedGop) -> list[int]:
    return numbers(b"".join(unit.data for unit in timed.gop.video))


def test_a_gop_goes_from_a_key_frame_to_just_before_the_next() -> None:
    gops = collect(arrivals([frame(number) for number in range(60)]))
    assert [frames_of(timed) for timed in gops] == [list(range(30)), list(range(30, 60))]
    assert gops[0].gop.end_pts_us == gops[1].gop.video[0].pts_us


def test_frames_before_the_first_key_frame_are_left_out() -> None:
    gops = collect(arrivals([frame(number) for number in range(17, 40)]))
    assert [frames_of(timed) for timed in gops] == [list(range(30, 40))]


def test_the_key_frame_that_closed_a_gop_is_known_with_it() -> None:
    gops = collect(arrivals([frame(number) for number in range(31)]))
    assert [timed.following for timed in gops] == [frame(30), None]


def test_at_the_end_the_last_frame_lasts_as_long_as_the_one_before() -> None:
    (timed,) = collect(arrivals([frame(0), frame(1)]))
    assert timed.gop.end_pts_us == 2 * frame(1).pts_us


def test_sound_belongs_to_the_gop_whose_span_it_falls_into() -> None:
    early, late = frame(30).pts_us - 1, frame(30).pts_us
    units = [frame(0), sound(0), sound(late), sound(early), *(frame(n) for n in range(1, 32))]
    first, second = collect(arrivals(units))
    assert [chunk.pts_us for chunk in first.gop.audio] == [0, early]
    assert [chunk.pts_us for chunk in second.gop.audio] == [late]


def test_sound_that_came_before_the_first_key_frame_is_bounded() -> None:
    chunks = [sound(n * 60_000) for n in range(400)]
    (timed,) = collect(arrivals([*chunks, frame(0)]))
    assert len(timed.gop.audio) <= 64


def test_sound_of_before_the_first_key_frame_is_left_out() -> None:
    (timed,) = collect(arrivals([sound(0), sound(900_000), sound(1_000_000), frame(0, pts_us=1_000_000)]))
    assert [chunk.pts_us for chunk in timed.gop.audio] == [1_000_000]


def test_sound_whose_clock_is_another_one_does_not_gather_for_ever() -> None:
    collector = GopCollector()
    for number in range(3000):
        collector.add(Arrival(frame(number), number / 15))
        collector.add(Arrival(sound(number * FRAME_US + 3_600_000_000), number / 15))
    assert collector._size < 100_000


def test_the_lag_is_that_of_the_least_delayed_frame() -> None:
    units = [Arrival(frame(number), frame(number).pts_us / 1e6 + 5 - (number == 3)) for number in range(5)]
    assert collect(units)[0].lag_s == pytest.approx(4)


@given(st.lists(st.integers(-250_000, 250_000), min_size=2, max_size=90))
def test_small_slips_of_the_clock_are_repaired_and_no_frame_is_lost(slips: list[int]) -> None:
    units = [frame(number, pts_us=number * FRAME_US + slip) for number, slip in enumerate(slips)]
    gops = collect([Arrival(unit, number / 15) for number, unit in enumerate(units)])
    assert [n for timed in gops for n in frames_of(timed)] == list(range(len(slips)))
    times = [unit.pts_us for timed in gops for unit in timed.gop.video]
    if not any(timed.jumped for timed in gops):
        assert all(after - before >= 1000 for before, after in pairwise(times))
    assert all(timed.gop.end_pts_us > timed.gop.video[-1].pts_us for timed in gops)


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.booleans(), st.floats(0, 3)), max_size=60))
def test_whatever_a_cameras_clock_says_each_gop_goes_forward(wild: list[tuple[int, bool, float]]) -> None:
    at, arriving = 0.0, []
    for pts_us, key, later in wild:
        at += later
        arriving.append(Arrival(VideoUnit(b"x", pts_us, key), at))
    try:
        gops = collect(arriving)
    except Unusable:
        return
    for timed in gops:
        times = [unit.pts_us for unit in timed.gop.video] + [timed.gop.end_pts_us]
        assert all(after > before for before, after in pairwise(times))
        assert timed.gop.video[0].is_key


@pytest.mark.parametrize("jump_s", [-3600, -2, 3, 3600])
def test_a_jump_of_media_time_closes_the_gop_and_marks_the_next(jump_s: int) -> None:
    before = arrivals([frame(number) for number in range(10)])
    jumped = [frame(n, pts_us=frame(n).pts_us + jump_s * 1_000_000) for n in range(30, 40)]
    after = [Arrival(unit, frame(n).pts_us / 1e6 - 1.23) for n, unit in enumerate(jumped, 30)]
    gops = collect([*before, *after])
    assert [frames_of(timed) for timed in gops] == [list(range(10)), list(range(30, 40))]
    assert [timed.jumped for timed in gops] == [False, True]


def test_a_stall_that_is_caught_up_is_no_jump() -> None:
    units = [frame(number) for number in range(60)]
    late = [Arrival(unit, max(unit.pts_us / 1e6, 3.5)) for unit in units]
    assert not any(timed.jumped for timed in collect(late))


def test_a_stretch_that_the_camera_never_sent_is_no_jump() -> None:
    units = [frame(number) for number in range(60) if not 35 <= number < 58]
    assert not any(timed.jumped for timed in collect(arrivals(units)))


def test_no_key_frame_for_too_long_is_refused_with_what_was_seen() -> None:
    endless = [frame(0), *(frame(n, gop=10**9) for n in range(1, 1000))]
    with pytest.raises(Unusable, match=f"no key frame for {GOP_LIMIT_S:.0f} s"):
        collect(arrivals(endless))


def test_no_key_frame_at_all_is_refused_too() -> None:
    with pytest.raises(Unusable, match="no key frame"):
        collect(arrivals([frame(n, gop=10**9) for n in range(1, 1000)]))


def test_a_stream_of_sound_alone_is_refused_too() -> None:
    with pytest.raises(Unusable, match="no key frame"):
        collect(arrivals([sound(number * 60_000) for number in range(1000)]))


def test_a_gop_has_a_bound_in_bytes() -> None:
    collector = GopCollector()
    huge = VideoUnit(b"x" * (GOP_LIMIT_BYTES // 4), 0, is_key=True)
    for number in range(4):
        collector.add(Arrival(VideoUnit(huge.data, number * FRAME_US, is_key=number == 0), number / 15))
    with pytest.raises(Unusable):
        collector.add(Arrival(VideoUnit(b"x", 4 * FRAME_US, is_key=False), 4 / 15))


def test_what_was_collected_before_a_refusal_is_not_lost() -> None:
    collector = GopCollector()
    units = [frame(0), *(frame(n, gop=10**9) for n in range(1, 1000))]
    with pytest.raises(Unusable):
        _ = [collector.add(arrival) for arrival in arrivals(units)]
    rest = collector.finish()
    assert rest
    assert frames_of(rest)[:3] == [0, 1, 2]
