"""An owner sees how far back a camera's history really reaches, and why it is less than the window."""

import asyncio

import pytest

from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.ledger import Erasure, Reason
from backsight_agent.domain.reach import span, why_short
from backsight_agent.tasks.reach import watch_reach_forever
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.footage_of_hub import CAMERA, record
from fakes.store import FakeStore

HOUR_MS = 3_600_000
TWO_DAYS_MS = 48 * HOUR_MS


def a_line(reason: Reason, to_ms: int) -> Erasure:
    return Erasure(CAMERA, reason.value, NOON_MS, NOON_MS, to_ms - HOUR_MS, to_ms, 360, 10**9)


OLDEST_MS = NOON_MS - 9 * HOUR_MS


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (Reason.DISK_FULL, "the disk has no room for more"),
        (Reason.OWNER, "what was before was erased"),
        (Reason.LOST, "the disk lost what was before"),
    ],
)
def test_what_was_taken_before_its_time_is_why(reason: Reason, why: str) -> None:
    text = why_short(OLDEST_MS, TWO_DAYS_MS, [a_line(reason, OLDEST_MS)], NOON_MS)
    assert text == f"On this hub its history reaches back 9 hours instead of 2 days: {why}"


def test_a_camera_that_was_added_today_misses_nothing() -> None:
    assert why_short(OLDEST_MS, TWO_DAYS_MS, [], NOON_MS) == ""


def test_what_left_long_before_the_history_begins_is_not_why() -> None:
    lines = [a_line(Reason.DISK_FULL, OLDEST_MS - 5 * HOUR_MS)]
    assert why_short(OLDEST_MS, TWO_DAYS_MS, lines, NOON_MS) == ""


def test_what_expired_is_as_it_should_be() -> None:
    lines = [a_line(Reason.EXPIRED, NOON_MS - TWO_DAYS_MS)]
    assert why_short(NOON_MS - TWO_DAYS_MS, TWO_DAYS_MS, lines, NOON_MS) == ""
    assert why_short(None, TWO_DAYS_MS, lines, NOON_MS) == ""
    assert why_short(OLDEST_MS, None, lines, NOON_MS) == ""


def test_lengths_are_said_as_people_say_them() -> None:
    assert [span(ms) for ms in (40 * 60_000, 9 * HOUR_MS, 47 * HOUR_MS, 30 * 24 * HOUR_MS)] == [
        "40 minutes", "9 hours", "47 hours", "30 days"
    ]  # fmt: skip


async def test_it_is_looked_at_every_minute() -> None:
    clock, store, short = FakeClock(), FakeStore(), dict[str, str]()
    await record(store, 300, NOON_MS - HOUR_MS)
    windows = FixedWindows(TWO_DAYS_MS, [CAMERA])
    task = asyncio.ensure_future(watch_reach_forever([CAMERA], store.history, windows, short, clock))
    await settle()
    assert short == {CAMERA: ""}
    await store.retention.erase_span(CAMERA, 0, NOON_MS - HOUR_MS // 2, "disk_full", NOON_MS)
    await clock.advance(61)
    assert "the disk has no room" in short[CAMERA]
    task.cancel()
    await asyncio.wait([task])
