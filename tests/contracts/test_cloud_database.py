"""The cloud's database keeps what it was told, in transactions, whichever adapter it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.records import PairingCode, Session
from backsight_cloud.ports import AlreadyThere, Database, OwnerMissing
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import (
    ANNA,
    BERT,
    DOOR,
    FOREIGN,
    HOUR_MS,
    HUB,
    OTHER_HUB,
    YARD,
    a_camera,
    a_hub,
    a_window,
    an_account,
    move_in,
)


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        yield FakeDatabase()
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        yield opened


@pytest.fixture
async def lived_in(database: Database) -> Database:
    await move_in(database)
    return database


# ------------------------------------------------------------ transactions


async def test_what_a_transaction_wrote_is_there_after_it(database: Database) -> None:
    async with database.begin() as tx:
        await tx.people.add_account(an_account())
    async with database.read() as tx:
        assert await tx.people.account(ANNA) == an_account()


async def test_an_error_inside_undoes_everything(database: Database) -> None:
    async def half() -> None:
        async with database.begin() as tx:
            await tx.people.add_account(an_account())
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        await half()
    async with database.read() as tx:
        assert await tx.people.accounts() == []


async def test_a_reader_keeps_the_view_it_began_with_while_another_writes(database: Database) -> None:
    async with database.read() as before:
        assert await before.people.accounts() == []
        async with database.begin() as tx:
            await tx.people.add_account(an_account())
        assert await before.people.accounts() == []


async def test_a_reader_sees_nothing_of_a_transaction_that_is_still_open(database: Database) -> None:
    async with database.begin() as tx:
        await tx.people.add_account(an_account())
        async with database.read() as beside:
            assert await beside.people.accounts() == []


async def test_a_reading_transaction_cannot_write(lived_in: Database) -> None:
    with pytest.raises(Exception, match=r"readonly|does not support"):
        async with lived_in.read() as tx:
            await tx.people.add_session(Session("hash", ANNA, NOON_MS, NOON_MS + 1))


async def test_transactions_that_read_and_then_write_lose_no_update(lived_in: Database) -> None:
    async def count() -> None:
        async with lived_in.begin() as tx:
            await tx.hubs.next_serial(HUB)

    await asyncio.gather(*(count() for _ in range(40)))
    async with lived_in.begin() as tx:
        assert await tx.hubs.next_serial(HUB) == 41


# ------------------------------------------------------------ people


async def test_an_address_has_one_account(lived_in: Database) -> None:
    with pytest.raises(AlreadyThere, match="anna@example"):
        async with lived_in.begin() as tx:
            await tx.people.add_account(replace(an_account(), id="another"))


async def test_accounts_are_found_by_address_and_listed_in_its_order(lived_in: Database) -> None:
    async with lived_in.read() as tx:
        assert await tx.people.account_by_email("bert@example.org") == an_account(BERT)
        assert await tx.people.account_by_email("nobody@example.org") is None
        assert [account.id for account in await tx.people.accounts()] == [ANNA, BERT]


async def test_a_session_lasts_until_it_is_ended(lived_in: Database) -> None:
    session = Session("hash", ANNA, NOON_MS, NOON_MS + HOUR_MS)
    async with lived_in.begin() as tx:
        await tx.people.add_session(session)
        assert await tx.people.session("hash") == session
        await tx.people.end_session("hash")
        assert await tx.people.session("hash") is None


async def test_old_sessions_are_ended_at_their_time(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.people.add_session(Session("old", ANNA, NOON_MS, NOON_MS + 1))
        await tx.people.add_session(Session("new", ANNA, NOON_MS, NOON_MS + 2))
        await tx.people.end_sessions_before(NOON_MS + 1)
        assert await tx.people.session("old") is None
        assert await tx.people.session("new") is not None


async def test_a_session_of_nobody_is_refused(database: Database) -> None:
    with pytest.raises(OwnerMissing):
        async with database.begin() as tx:
            await tx.people.add_session(Session("hash", "nobody", NOON_MS, NOON_MS + 1))


# ------------------------------------------------------------ hubs


async def test_a_code_works_once(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.hubs.add_code(PairingCode("code", ANNA, NOON_MS + 1))
        assert await tx.hubs.use_code("code", NOON_MS) == ANNA
        assert await tx.hubs.use_code("code", NOON_MS) is None


async def test_a_code_that_is_too_old_or_unknown_gives_nothing(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.hubs.add_code(PairingCode("code", ANNA, NOON_MS))
        assert await tx.hubs.use_code("code", NOON_MS) is None
        assert await tx.hubs.use_code("never made", NOON_MS) is None


async def test_hubs_are_listed_for_all_or_for_one_account(lived_in: Database) -> None:
    async with lived_in.read() as tx:
        assert [hub.id for hub in await tx.hubs.hubs()] == [HUB, OTHER_HUB]
        assert await tx.hubs.hubs(BERT) == [a_hub(OTHER_HUB, BERT)]


async def test_the_same_hub_is_not_added_twice(lived_in: Database) -> None:
    with pytest.raises(AlreadyThere):
        async with lived_in.begin() as tx:
            await tx.hubs.add_hub(a_hub())


async def test_a_hubs_status_and_serial_are_kept(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.hubs.set_status(HUB, '{"online": true}', NOON_MS + 5)
        await tx.hubs.next_serial(HUB)
        expected = replace(a_hub(), status_json='{"online": true}', status_ms=NOON_MS + 5, serial=1)
        assert await tx.hubs.hub(HUB) == expected


async def test_certificates_of_unpaired_hubs_are_revoked_until_they_end(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.hubs.add_certificate("01", HUB, NOON_MS + 10)
        await tx.hubs.add_certificate("02", OTHER_HUB, NOON_MS + 10)
        await tx.hubs.set_unpaired(HUB, NOON_MS)
        assert await tx.hubs.certificates(HUB) == ["01"]
        assert await tx.hubs.revoked(NOON_MS) == ["01"]
        assert await tx.hubs.revoked(NOON_MS + 10) == []


# ------------------------------------------------------------ cameras


async def test_cameras_come_in_the_order_in_which_they_were_bound(lived_in: Database) -> None:
    async with lived_in.read() as tx:
        assert [camera.id for camera in await tx.cameras.of_account(ANNA)] == [DOOR, YARD]
        assert [camera.id for camera in await tx.cameras.of_hub(OTHER_HUB)] == [FOREIGN]
        assert len(await tx.cameras.all_cameras()) == 3


async def test_a_camera_is_owned_by_its_account_only(lived_in: Database) -> None:
    async with lived_in.read() as tx:
        assert await tx.cameras.owned(ANNA, DOOR) == a_camera()
        assert await tx.cameras.owned(BERT, DOOR) is None


async def test_a_camera_is_bound_once(lived_in: Database) -> None:
    with pytest.raises(AlreadyThere):
        async with lived_in.begin() as tx:
            await tx.cameras.bind(a_camera(account=BERT, hub=OTHER_HUB), a_window())


async def test_an_update_changes_what_may_change_and_nothing_else(lived_in: Database) -> None:
    changed = replace(a_camera(), name="Porch", plan="plus", upload="off", hub=OTHER_HUB)
    async with lived_in.begin() as tx:
        await tx.footage.erase_until(a_camera(), NOON_MS, "expired", NOON_MS)
        await tx.cameras.update(replace(changed, account=BERT, bound_ms=0, reached_ms=None))
        assert await tx.cameras.camera(DOOR) == replace(changed, reached_ms=NOON_MS)


async def test_steps_are_replaced_and_come_in_order_of_time(lived_in: Database) -> None:
    steps = (WindowStep(NOON_MS, HOUR_MS), WindowStep(0, 2 * HOUR_MS))
    async with lived_in.begin() as tx:
        await tx.cameras.replace_steps(DOOR, steps)
        assert await tx.cameras.steps(DOOR) == tuple(sorted(steps))
        assert (await tx.cameras.all_steps())[DOOR] == tuple(sorted(steps))
        assert await tx.cameras.steps(YARD) == a_window()


# ------------------------------------------------------------ publications


async def test_a_hub_is_claimed_once_while_the_lease_holds(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        assert await tx.publications.claim(10, NOON_MS, lease_ms=1000) == [HUB]
        assert await tx.publications.claim(10, NOON_MS + 999, lease_ms=1000) == []
        assert await tx.publications.claim(10, NOON_MS + 1000, lease_ms=1000) == [HUB]


async def test_a_published_hub_is_no_longer_due(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.claim(10, NOON_MS, lease_ms=1000)
        await tx.publications.done(HUB, NOON_MS, NOON_MS)
        assert await tx.publications.claim(10, NOON_MS + 5000, lease_ms=1000) == []


async def test_a_hub_that_became_due_after_the_claim_stays_due_even_in_the_same_millisecond(
    lived_in: Database,
) -> None:
    async with lived_in.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.claim(10, NOON_MS, lease_ms=1000)
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.done(HUB, NOON_MS, NOON_MS)
        assert await tx.publications.claim(10, NOON_MS, lease_ms=1000) == [HUB]


async def test_a_worker_whose_lease_was_given_to_another_finishes_nothing(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.claim(10, NOON_MS, lease_ms=1000)
        await tx.publications.claim(10, NOON_MS + 2000, lease_ms=1000)
        await tx.publications.done(HUB, NOON_MS, NOON_MS + 2001)
        assert await tx.publications.claim(10, NOON_MS + 3000, lease_ms=1000) == [HUB]


async def test_the_longest_due_is_claimed_first_and_being_due_again_keeps_its_place(
    lived_in: Database,
) -> None:
    async with lived_in.begin() as tx:
        await tx.publications.mark_due(OTHER_HUB, NOON_MS)
        await tx.publications.mark_due(HUB, NOON_MS + 1)
        await tx.publications.mark_due(OTHER_HUB, NOON_MS + 2)
        assert await tx.publications.claim(1, NOON_MS + 3, lease_ms=1000) == [OTHER_HUB]


async def test_all_paired_hubs_can_be_made_due(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.hubs.set_unpaired(OTHER_HUB, NOON_MS)
        await tx.publications.mark_all_due(NOON_MS)
        assert await tx.publications.claim(10, NOON_MS, lease_ms=1000) == [HUB]


async def test_hubs_whose_document_is_old_become_due_and_those_without_one(lived_in: Database) -> None:
    async with lived_in.begin() as tx:
        await tx.publications.mark_due(HUB, NOON_MS)
        await tx.publications.claim(10, NOON_MS, lease_ms=1000)
        await tx.publications.done(HUB, NOON_MS, NOON_MS)
        await tx.publications.mark_due_older_than(NOON_MS, NOON_MS + 1)
        assert await tx.publications.claim(10, NOON_MS + 1, lease_ms=10) == [OTHER_HUB]
        await tx.publications.mark_due_older_than(NOON_MS + 1, NOON_MS + 2)
        assert await tx.publications.claim(10, NOON_MS + 2, lease_ms=10) == [HUB]
