"""The time is known when the clock is trusted, or when the cloud contradicts it: then it is the cloud's."""

import pytest

from backsight_agent.domain.trusted_time import (
    JUMP_MS,
    MADE_MS,
    SETTLE_S,
    SLACK_MS,
    STEADY_MS,
    KnownClock,
    TrustedTime,
)
from fakes.clock import NOON_MS, FakeClock

HOUR_MS, YEAR_MS = 3_600_000, 365 * 86_400_000


class Hub:
    """A clock, what is believed of it, and whether NTP vouches for it."""

    def __init__(self, now_ms: int = NOON_MS, *, synchronised: bool = False, paired: bool = False) -> None:
        self.clock, self.synchronised = FakeClock(now_ms), synchronised
        self.time = TrustedTime(self.clock, lambda: self.synchronised, paired=paired)
        self.known = KnownClock(self.clock, self.time)

    @property
    def known_ms(self) -> int | None:
        """The true time, as far as it is known."""
        offset = self.time.known_offset_ms()
        return None if offset is None else round(offset + self.clock.monotonic() * 1000)


def test_it_is_not_known_before_anybody_vouched_for_the_clock() -> None:
    hub = Hub()
    assert hub.known_ms is None
    assert hub.known.now_ms() == NOON_MS


def test_a_trusted_clock_is_the_time() -> None:
    hub = Hub(synchronised=True)
    assert hub.known_ms == NOON_MS


@pytest.mark.parametrize("off_ms", [-YEAR_MS, -JUMP_MS - 1, JUMP_MS + 1, HOUR_MS, 100 * YEAR_MS])
async def test_a_clock_that_the_cloud_contradicts_is_set_right(off_ms: int) -> None:
    hub = Hub(NOON_MS + off_ms, synchronised=True)
    hub.time.confirm(NOON_MS)
    await hub.clock.advance(600)
    assert hub.known_ms == NOON_MS + 600_000
    assert hub.known.now_ms() == NOON_MS + 600_000
    assert hub.time.trusted_now_ms() is None


async def test_the_clouds_time_does_not_flicker_with_the_time_that_its_answers_take() -> None:
    hub = Hub(NOON_MS - HOUR_MS)
    hub.time.confirm(NOON_MS)
    for late_ms in (300, STEADY_MS, 40, 2_000):
        await hub.clock.advance(10)
        hub.time.confirm(hub.clock.now_ms() + HOUR_MS - late_ms)
        assert hub.known.now_ms() == hub.clock.now_ms() + HOUR_MS


async def test_another_time_of_the_cloud_is_taken() -> None:
    hub = Hub(NOON_MS - HOUR_MS)
    hub.time.confirm(NOON_MS)
    hub.time.learned.clear()
    hub.time.confirm(NOON_MS + STEADY_MS + 1)
    assert hub.known.now_ms() == NOON_MS + STEADY_MS + 1
    assert hub.time.learned.is_set()


def test_a_small_setting_of_a_clock_that_is_contradicted_moves_nothing() -> None:
    hub = Hub(NOON_MS - HOUR_MS)
    hub.time.confirm(NOON_MS)
    hub.clock.jump(JUMP_MS // 2)
    assert hub.known.now_ms() == NOON_MS


def test_a_contradicted_clock_that_is_set_right_goes_on_without_a_step() -> None:
    hub = Hub(NOON_MS - HOUR_MS, paired=True)
    hub.time.confirm(NOON_MS)
    hub.clock.jump(HOUR_MS)
    assert hub.known.now_ms() == NOON_MS
    assert hub.known_ms is None  # until somebody says so
    hub.time.confirm(NOON_MS)
    assert hub.known_ms == NOON_MS


def test_a_cloud_that_lives_in_the_past_is_not_believed() -> None:
    hub = Hub()
    hub.time.confirm(MADE_MS - 1)
    assert hub.known_ms is None


def test_a_clock_before_this_product_was_made_is_never_the_time() -> None:
    assert Hub(60_000, synchronised=True).known_ms is None


@pytest.mark.parametrize("step_ms", [JUMP_MS + 1, -JUMP_MS - 1, YEAR_MS, -HOUR_MS])
def test_after_a_step_it_is_not_known(step_ms: int) -> None:
    hub = Hub(synchronised=True, paired=True)
    hub.clock.jump(step_ms)
    assert hub.known_ms is None
    assert hub.known.now_ms() == NOON_MS + step_ms


@pytest.mark.parametrize("step_ms", [1_500, -1_500, JUMP_MS, -JUMP_MS])
def test_a_small_step_is_followed(step_ms: int) -> None:
    hub = Hub(synchronised=True)
    hub.clock.jump(step_ms)
    assert hub.known_ms == NOON_MS + step_ms


def test_who_waits_for_the_time_is_told_when_it_is_known_and_not_when_nothing_changed() -> None:
    hub = Hub(paired=True)
    assert not hub.time.learned.is_set()
    hub.time.confirm(NOON_MS)
    assert hub.time.learned.is_set()
    hub.time.learned.clear()
    hub.time.confirm(NOON_MS + 100)
    assert not hub.time.learned.is_set()


# ---- what is said, in each case


async def test_each_doubt_has_its_sentence() -> None:
    waiting, ahead, past = Hub(), Hub(NOON_MS + 2 * HOUR_MS), Hub(60_000, synchronised=True)
    ahead.time.confirm(NOON_MS)
    assert waiting.time.text == (
        "The clock is waiting to be synchronised (is time synchronisation, NTP, switched on?);"
        " nothing is deleted until then"
    )
    assert ahead.time.text.startswith("The clock is 2 hours ahead of the cloud's: set it right")
    assert past.time.text.startswith("The clock shows a time that has passed already: set it right")
    for hub in (waiting, ahead, past):
        assert hub.time.trusted_now_ms() is None


@pytest.mark.parametrize(
    ("step_ms", "said"),
    [
        (90_000, "forward by 90 seconds"),
        (-600_000, "back by 10 minutes"),
        (-5 * HOUR_MS, "back by 5 hours"),
        (56 * YEAR_MS + 14 * 24 * HOUR_MS, "forward by 56 years"),
    ],
)
def test_a_step_is_told_with_its_length_and_what_ends_the_doubt(step_ms: int, said: str) -> None:
    paired, alone = Hub(synchronised=True, paired=True), Hub(synchronised=True)
    for hub in (paired, alone):
        hub.clock.jump(step_ms)
        assert hub.time.trusted_now_ms() is None
        assert f"The clock jumped {said} and is not trusted until" in hub.time.text
    assert "the cloud confirms it" in paired.time.text
    assert "it was synchronised and steady for 10 minutes" in alone.time.text


async def test_the_doubt_of_a_hub_without_a_cloud_ends_by_itself() -> None:
    hub = Hub(60_000)
    hub.clock.jump(NOON_MS)
    hub.synchronised = True
    assert hub.known_ms is None
    await hub.clock.advance(SETTLE_S)
    assert hub.known_ms == hub.clock.now_ms()
    assert hub.time.text == ""


def test_a_moment_that_has_passed_makes_a_clock_behind_it_unknown() -> None:
    hub = Hub(synchronised=True)
    hub.time.at_least(NOON_MS + SLACK_MS + 1)
    assert hub.known_ms is None
