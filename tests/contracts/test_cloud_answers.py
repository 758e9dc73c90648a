"""A key is one request's of one account: it is answered once, and a dead attempt can be taken over."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.answer_ports import Claim, ClaimLost, Given
from backsight_cloud.ports import Database, OwnerMissing
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, HUB, move_in

FIRST = Claim(ANNA, "key-00001", "request", "token-1", NOON_MS, NOON_MS + 60_000)
SECOND = replace(FIRST, token="token-2", claimed_ms=NOON_MS + 1_000, until_ms=NOON_MS + 61_000)
MUCH_LATER = replace(SECOND, claimed_ms=NOON_MS + 60_000, until_ms=NOON_MS + 120_000)


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase()
        await move_in(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await move_in(opened)
        yield opened


async def claimed(database: Database, claim: Claim) -> Given | None:
    async with database.begin() as tx:
        return await tx.answers.claim(claim)


async def remembered(database: Database, claim: Claim, status: int = 201, body: str = "{}") -> None:
    async with database.begin() as tx:
        await tx.answers.remember(claim, status, body)


async def charged(database: Database, claim: Claim) -> None:
    """An effect and its answer in one transaction."""
    async with database.begin() as tx:
        await tx.hubs.next_serial(HUB)
        await tx.answers.remember(claim, 201, "{}")


async def test_the_first_has_the_key(database: Database) -> None:
    assert await claimed(database, FIRST) is None


async def test_a_second_sees_the_first_at_work(database: Database) -> None:
    await claimed(database, FIRST)
    assert await claimed(database, SECOND) == Given("request", "token-1", NOON_MS + 60_000)


async def test_a_second_gets_the_firsts_answer(database: Database) -> None:
    await claimed(database, FIRST)
    await remembered(database, FIRST, 201, '{"charged": 299}')
    given = await claimed(database, MUCH_LATER)
    assert given == Given("request", "token-1", NOON_MS + 60_000, 201, '{"charged": 299}')


async def test_a_dead_attempt_is_taken_over(database: Database) -> None:
    await claimed(database, FIRST)
    assert await claimed(database, MUCH_LATER) is None


async def test_a_dead_attempt_is_not_taken_over_by_another_request(database: Database) -> None:
    await claimed(database, FIRST)
    given = await claimed(database, replace(MUCH_LATER, fingerprint="another"))
    assert given is not None
    assert given.fingerprint == "request"


async def test_who_lost_the_key_can_remember_nothing_and_its_effect_is_undone(database: Database) -> None:
    await claimed(database, FIRST)
    await claimed(database, MUCH_LATER)
    with pytest.raises(ClaimLost):
        await charged(database, FIRST)
    async with database.read() as view:
        hub = await view.hubs.hub(HUB)
    assert hub is not None
    assert hub.serial == 0


async def test_an_answer_is_never_replaced(database: Database) -> None:
    await claimed(database, FIRST)
    await remembered(database, FIRST)
    with pytest.raises(ClaimLost):
        await remembered(database, FIRST, 500)


async def test_a_released_key_is_free_for_the_same_request_at_once(database: Database) -> None:
    await claimed(database, FIRST)
    async with database.begin() as tx:
        await tx.answers.release(FIRST)
    assert await claimed(database, SECOND) is None


async def test_releasing_takes_no_answer_away(database: Database) -> None:
    await claimed(database, FIRST)
    await remembered(database, FIRST)
    async with database.begin() as tx:
        await tx.answers.release(FIRST)
    given = await claimed(database, SECOND)
    assert given is not None
    assert given.status == 201


async def test_another_account_may_use_the_same_key(database: Database) -> None:
    await claimed(database, FIRST)
    assert await claimed(database, replace(FIRST, account=BERT)) is None


async def test_an_account_that_does_not_exist_has_no_keys(database: Database) -> None:
    with pytest.raises(OwnerMissing):
        await claimed(database, replace(FIRST, account="nobody"))


async def test_old_answers_are_forgotten_by_the_age_of_their_first_attempt(database: Database) -> None:
    await claimed(database, FIRST)
    await claimed(database, MUCH_LATER)  # took it over: no younger for that
    await claimed(database, replace(FIRST, key="key-00002", claimed_ms=NOON_MS + 1))
    async with database.begin() as tx:
        await tx.answers.forget_claimed_before(NOON_MS + 1)
    assert await claimed(database, SECOND) is None
    assert await claimed(database, replace(SECOND, key="key-00002")) is not None
