"""A hub's ledger is read by span, and its old lines are kept by day without losing any of their sums."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.ledger import Erasure, by_day, day_of, kept_by_day_before
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, OTHER, record
from fakes.store import FakeStore

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
DAY = NOON_MS // DAY_MS * DAY_MS
AnyStore = Store | FakeStore

moments = st.integers(DAY - 3 * DAY_MS, DAY)
lines = st.builds(
    lambda camera, reason, at_ms, span, count, size, unsent: Erasure(
        camera, reason, at_ms, at_ms, span, span + 1, count, size, unsent
    ),
    st.sampled_from([CAMERA, OTHER]),
    st.sampled_from(["expired", "owner"]),
    moments,
    moments,
    st.integers(1, 100),
    st.integers(1, 10**9),
    st.integers(0, 9),
)


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "fake":
        yield FakeStore()
    else:
        async with open_store(tmp_path, FakeClock()) as opened:
            yield opened


async def erase_at(store: AnyStore, *moments: int, camera: str = CAMERA, reason: str = "owner") -> None:
    """A segment that began ten seconds before left at each of these moments."""
    for at_ms in moments:
        await record(store, 1, at_ms - 10_000, camera=camera)
        await store.retention.erase_span(camera, at_ms - 10_000, at_ms, reason, at_ms)


# ------------------------------------------------------------ the rule


@given(st.lists(lines, max_size=40))
def test_sums_stay_the_same(some: list[Erasure]) -> None:
    def sums(of: list[Erasure]) -> tuple[int, ...]:
        return sum(one.count for one in of), sum(one.size_bytes for one in of), sum(one.unsent for one in of)

    kept = by_day(some)
    for group in {(line.camera, line.reason) for line in some}:
        before = [line for line in some if (line.camera, line.reason) == group]
        after = [line for line in kept if (line.camera, line.reason) == group]
        assert sums(after) == sums(before)


@given(st.lists(lines, max_size=40))
def test_a_day_has_one_line_and_merging_twice_changes_nothing(some: list[Erasure]) -> None:
    kept = by_day(some)
    assert len({day_of(line) for line in kept}) == len(kept)
    assert by_day(kept) == kept


def test_three_months_are_kept_by_hour() -> None:
    before_ms = kept_by_day_before(NOON_MS)
    assert before_ms % DAY_MS == 0
    assert 90 * DAY_MS <= NOON_MS - before_ms < 91 * DAY_MS


# ------------------------------------------------------------ the stores


async def test_lines_before_the_moment_become_one_for_each_day(store: AnyStore) -> None:
    await erase_at(store, *(DAY + hour * HOUR_MS + 60_000 for hour in (0, 1, 23, 24, 25, 48)))
    assert await store.retention.shorten_ledger(DAY + 2 * DAY_MS) == 3
    kept = await store.history.erasures(CAMERA, 9)
    assert [(line.first_at_ms - DAY, line.last_at_ms - DAY, line.count) for line in kept] == [
        (48 * HOUR_MS + 60_000, 48 * HOUR_MS + 60_000, 1),
        (24 * HOUR_MS + 60_000, 25 * HOUR_MS + 60_000, 2),
        (60_000, 23 * HOUR_MS + 60_000, 3),
    ]


async def test_cameras_and_reasons_stay_apart(store: AnyStore) -> None:
    await erase_at(store, DAY + HOUR_MS, DAY + 3 * HOUR_MS)
    await erase_at(store, DAY + 2 * HOUR_MS, reason="expired")
    await erase_at(store, DAY + HOUR_MS, camera=OTHER)
    assert await store.retention.shorten_ledger(DAY + DAY_MS) == 1
    assert sorted(line.reason for line in await store.history.erasures(CAMERA, 9)) == ["expired", "owner"]
    assert len(await store.history.erasures(OTHER, 9)) == 1


async def test_shortening_twice_changes_nothing(store: AnyStore) -> None:
    await erase_at(store, DAY + HOUR_MS, DAY + 3 * HOUR_MS)
    await store.retention.shorten_ledger(DAY + DAY_MS)
    once = await store.history.erasures(CAMERA, 9)
    assert await store.retention.shorten_ledger(DAY + DAY_MS) == 0
    assert await store.history.erasures(CAMERA, 9) == once


async def test_the_ledger_of_a_span_has_what_overlaps_it(store: AnyStore) -> None:
    await erase_at(store, DAY + HOUR_MS, DAY + 3 * HOUR_MS)
    ended = DAY + HOUR_MS
    for span, found in (
        ((ended - 1, ended), 1),
        ((ended, ended + HOUR_MS), 0),
        ((ended - 20_000, ended - 10_000), 0),
        ((0, 2**50), 2),
    ):
        assert len(await store.history.erasures(CAMERA, 9, span)) == found
