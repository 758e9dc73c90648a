"""Clocks that run wrong: a run is anchored anew each two seconds of drift; no frame is lost or doubled."""

import pytest

from backsight_agent.domain.cutting import CLOCK_JUMP_MS, DRIFT_MS, LAGS, begin, broken_by, continued
from backsight_agent.domain.gops import TimedGop
from backsight_agent.domain.media import Gop
from fakes.clock import NOON_MS
from fakes.hub_in_time import GOP, GOP_S, LAG_S, HubInTime
from fakes.streams import frame

DAY_S = 86_400


@pytest.mark.parametrize("ppm", [500, -500])
async def test_a_camera_whose_clock_drifts_500_ppm(ppm: int) -> None:
    """Two seconds come together in 4,000; here are three hours of it."""
    hub = HubInTime(camera_ppm=ppm, ntp=True)
    await hub.film(5_400)
    await hub.stop()
    assert hub.all_frames == list(range(5_400 * GOP))
    assert hub.overlap_ms <= 0
    assert {run.after for run in hub.store.state.runs.values()} == {"start", "clock_drift"}
    assert len(hub.store.state.runs) == 3
    tolerance_ms = DRIFT_MS + LAGS * GOP_S * 1000 * 500 / 1e6 + 100
    assert max(hub.gaps_ms, default=0) <= tolerance_ms
    assert max(abs(hub.error_ms(segment)) for segment in hub.segments) <= tolerance_ms


@pytest.mark.parametrize("ppm", [-500, -100, -20, 20, 100, 500])
def test_no_drift_adds_up_in_a_week(ppm: int) -> None:
    """A fast clock's runs end later than the next begins; each catches up before it is over."""
    offset_ms, gop_s, run, worst_ms, end_ms = NOON_MS - LAG_S * 1000, 20, None, 0.0, None
    for number in range(7 * DAY_S // gop_s):
        true_s, fast = number * gop_s, 1 + ppm / 1e6
        first_us, end_us = round(true_s * fast * 1e6), round((true_s + gop_s) * fast * 1e6)
        gop = Gop((frame(0, pts_us=first_us), frame(1, pts_us=first_us + 66_667)), (), end_us)
        timed = TimedGop(gop, None, LAG_S + true_s - first_us / 1e6)
        if run is None or broken_by(run, timed, offset_ms):
            run = begin(timed, offset_ms, end_ms, offset_ms)
            assert end_ms is None or run.anchor_ms > end_ms
        run = continued(run, timed, offset_ms)
        end_ms = run.wall_ms(end_us)
        worst_ms = max(worst_ms, abs(run.wall_ms(first_us) - NOON_MS - true_s * 1000))
    assert worst_ms <= DRIFT_MS + LAGS * gop_s * 1000 * abs(ppm) / 1e6 + 50


async def test_a_smeared_leap_second_ends_no_run_and_leaves_no_gap() -> None:
    """One second in a day is 11.6 ppm: by the kernel both clocks of the hub run so much slower."""
    hub = HubInTime(camera_ppm=1e6 / DAY_S, ntp=True)
    await hub.film(round(DAY_S / GOP_S / 4))  # a quarter of it, and ...
    assert hub.writer._writing is not None
    rules = hub.writer._writing.rules
    drifted_ms = (rules.began_lag_s - min(rules.lags_s)) * 1000 * 4  # ... what the whole comes to
    await hub.stop()
    assert len(hub.store.state.runs) == 1
    assert hub.gaps_ms == []
    assert abs(drifted_ms) == pytest.approx(1_000, abs=5)
    assert abs(drifted_ms) < DRIFT_MS


@pytest.mark.parametrize("step_ms", [-1_000, 1_000])
async def test_a_leap_second_that_is_not_smeared_ends_no_run(step_ms: int) -> None:
    hub = HubInTime(ntp=True)
    await hub.film(20)
    hub.clock.jump(step_ms)
    await hub.film(20)
    await hub.stop()
    assert abs(step_ms) <= CLOCK_JUMP_MS
    assert len(hub.store.state.runs) == 1
    assert hub.gaps_ms == []
    assert hub.time.trusted_now_ms() is not None
