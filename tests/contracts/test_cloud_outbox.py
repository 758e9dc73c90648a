"""The outbox keeps each mail until it is known what became of it, and gives it to one worker at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.notices import Notice
from backsight_cloud.mail_ports import Mail, MailState
from backsight_cloud.ports import Database, OwnerMissing
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, DOOR, FOREIGN, move_in

LEASE_MS = 60_000


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


def a_notice(key: str = "one", at_ms: int = NOON_MS, account: str = ANNA, to: str = "") -> Notice:
    return Notice(account, "share_ended", key, at_ms, {"camera": DOOR}, to)


def a_reset(key: str = "reset") -> Notice:
    facts = {"link": "https://care.example.org/reset/secret", "until_ms": NOON_MS + 1}
    return Notice(ANNA, "reset_password", key, NOON_MS, facts)


async def add(database: Database, *notices: Notice) -> list[bool]:
    async with database.begin() as tx:
        return [await tx.outbox.add(notice) for notice in notices]


async def claim(database: Database, now_ms: int = NOON_MS, limit: int = 10) -> list[Mail]:
    async with database.begin() as tx:
        return list(await tx.outbox.claim(limit, now_ms, LEASE_MS))


async def settle(
    database: Database, mail: Mail, state: MailState = MailState.SENT, trouble: str = ""
) -> None:
    async with database.begin() as tx:
        await tx.outbox.settle(mail, state, NOON_MS + 5, trouble)


async def the_mail(database: Database, mail_id: str) -> Mail:
    async with database.read() as view:
        mail = await view.outbox.mail(mail_id)
    assert mail is not None
    return mail


# ------------------------------------------------------------ adding


async def test_a_mail_is_due_from_the_moment_it_tells_of(database: Database) -> None:
    await add(database, a_notice())
    assert await claim(database, NOON_MS - 1) == []
    assert [mail.id for mail in await claim(database)] == [a_notice().id]


async def test_the_same_key_is_taken_once(database: Database) -> None:
    assert await add(database, a_notice(), a_notice()) == [True, False]


async def test_a_key_that_was_sent_is_not_taken_again(database: Database) -> None:
    await add(database, a_notice())
    await settle(database, (await claim(database))[0])
    assert await add(database, a_notice()) == [False]


async def test_what_is_undone_is_not_told(database: Database) -> None:
    async def half() -> None:
        async with database.begin() as tx:
            await tx.outbox.add(a_notice())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()
    assert await claim(database) == []


async def test_nobody_can_be_told_without_an_account(database: Database) -> None:
    with pytest.raises(OwnerMissing):
        await add(database, a_notice(account="nobody"))


async def test_it_goes_to_the_address_and_has_the_zone_that_the_account_has_then(database: Database) -> None:
    await add(database, a_notice())
    async with database.begin() as tx:
        account = await tx.people.account(ANNA)
        assert account is not None
        await tx.people.update_account(replace(account, email="new@example.org", zone="Asia/Tokyo"))
    mail = (await claim(database))[0]
    assert (mail.to, mail.zone) == ("anna@example.org", "Europe/Berlin")


async def test_it_can_go_to_another_address(database: Database) -> None:
    await add(database, a_notice(to="old@example.org"))
    assert (await claim(database))[0].to == "old@example.org"


async def test_the_names_of_its_cameras_are_kept_as_they_were(database: Database) -> None:
    await add(database, a_notice())
    async with database.begin() as tx:
        camera = await tx.cameras.camera(DOOR)
        assert camera is not None
        await tx.cameras.update(replace(camera, name="Other"))
    assert (await claim(database))[0].names == {DOOR: "Front door"}


async def test_the_name_of_another_accounts_camera_is_not(database: Database) -> None:
    await add(database, Notice(ANNA, "share_ended", "x", NOON_MS, {"camera": FOREIGN}))
    assert (await claim(database))[0].names == {}


# ------------------------------------------------------------ claiming


async def test_the_longest_due_comes_first(database: Database) -> None:
    await add(database, a_notice("later", NOON_MS + 2), a_notice("sooner", NOON_MS + 1))
    claimed = await claim(database, NOON_MS + 2)
    assert [mail.at_ms for mail in claimed] == [NOON_MS + 1, NOON_MS + 2]


async def test_no_more_than_asked_for_are_claimed(database: Database) -> None:
    await add(database, *[a_notice(str(number)) for number in range(3)])
    assert len(await claim(database, limit=2)) == 2


async def test_two_workers_at_once_never_have_the_same_mail(database: Database) -> None:
    await add(database, *[a_notice(str(number)) for number in range(20)])
    claimed = await asyncio.gather(*[claim(database, limit=7) for _ in range(4)])
    ids = [mail.id for mails in claimed for mail in mails]
    assert sorted(ids) == sorted(a_notice(str(number)).id for number in range(20))


async def test_what_a_worker_that_died_had_is_claimed_again_when_its_lease_ends(database: Database) -> None:
    await add(database, a_notice())
    await claim(database)
    assert await claim(database, NOON_MS + LEASE_MS - 1) == []
    again = await claim(database, NOON_MS + LEASE_MS)
    assert [(mail.id, mail.tries) for mail in again] == [(a_notice().id, 2)]


async def test_a_worker_whose_lease_has_ended_changes_nothing(database: Database) -> None:
    await add(database, a_notice())
    slow = (await claim(database))[0]
    await claim(database, NOON_MS + LEASE_MS)
    await settle(database, slow, MailState.BOUNCED)
    assert (await the_mail(database, slow.id)).state is MailState.WAITING


async def test_the_first_moment_at_which_something_is_due_is_known(database: Database) -> None:
    await add(database, a_notice("later", NOON_MS + 2), a_notice("sooner", NOON_MS + 1))
    async with database.read() as view:
        assert (await view.outbox.next_due_ms(), await view.outbox.waiting()) == (NOON_MS + 1, 2)


async def test_the_end_of_a_lease_is_such_a_moment(database: Database) -> None:
    await add(database, a_notice())
    await claim(database)
    async with database.read() as view:
        assert await view.outbox.next_due_ms() == NOON_MS + LEASE_MS


# ------------------------------------------------------------ what became of it


async def test_what_was_sent_is_not_claimed_again(database: Database) -> None:
    await add(database, a_notice())
    await settle(database, (await claim(database))[0])
    assert await claim(database, NOON_MS + 10 * LEASE_MS) == []


async def test_it_is_known_what_became_of_a_mail(database: Database) -> None:
    await add(database, a_notice())
    await settle(database, (await claim(database))[0], MailState.BOUNCED, "550 no such user")
    mail = await the_mail(database, a_notice().id)
    assert (mail.state, mail.settled_ms, mail.trouble) == (MailState.BOUNCED, NOON_MS + 5, "550 no such user")


async def test_what_is_put_off_is_due_then(database: Database) -> None:
    await add(database, a_notice())
    mail = (await claim(database))[0]
    async with database.begin() as tx:
        await tx.outbox.put_off(mail, NOON_MS + 90_000, "450 later")
    assert await claim(database, NOON_MS + 89_999) == []
    assert [mail.trouble for mail in await claim(database, NOON_MS + 90_000)] == ["450 later"]


async def test_a_link_that_lets_its_reader_in_is_forgotten_once_it_was_sent(database: Database) -> None:
    await add(database, a_reset())
    mail = (await claim(database))[0]
    await settle(database, mail)
    assert "link" in mail.facts
    assert (await the_mail(database, mail.id)).facts == {"until_ms": NOON_MS + 1}


# ------------------------------------------------------------ again


async def test_an_operator_can_let_a_mail_be_sent_again(database: Database) -> None:
    await add(database, a_notice())
    await settle(database, (await claim(database))[0])
    async with database.begin() as tx:
        assert await tx.outbox.again(a_notice().id, NOON_MS + 10)
    again = (await claim(database, NOON_MS + 10))[0]
    assert (again.round, again.tries, again.wanted_ms, again.settled_ms) == (2, 1, NOON_MS + 10, None)


async def test_then_it_goes_to_the_address_that_the_account_has_now(database: Database) -> None:
    await add(database, a_notice("own"), a_notice("other", to="old@example.org"))
    async with database.begin() as tx:
        account = await tx.people.account(ANNA)
        assert account is not None
        await tx.people.update_account(replace(account, email="new@example.org"))
        for key in ("own", "other"):
            await tx.outbox.again(a_notice(key).id, NOON_MS)
    assert (await the_mail(database, a_notice("own").id)).to == "new@example.org"
    assert (await the_mail(database, a_notice("other").id)).to == "old@example.org"


async def test_one_that_waits_is_due_at_once_and_is_still_the_same_mail(database: Database) -> None:
    await add(database, a_notice(at_ms=NOON_MS + 1000))
    async with database.begin() as tx:
        await tx.outbox.again(a_notice().id, NOON_MS)
    assert [mail.round for mail in await claim(database)] == [1]


async def test_one_that_a_worker_has_is_not_given_to_another(database: Database) -> None:
    await add(database, a_notice())
    await claim(database)
    async with database.begin() as tx:
        await tx.outbox.again(a_notice().id, NOON_MS + 1)
    assert await claim(database, NOON_MS + 1) == []


async def test_there_is_no_again_of_what_never_was(database: Database) -> None:
    async with database.begin() as tx:
        assert not await tx.outbox.again("nothing", NOON_MS)


# ------------------------------------------------------------ looking


async def test_the_newest_are_listed_first_in_pages(database: Database) -> None:
    await add(database, *[a_notice(str(number), NOON_MS + number // 2) for number in range(5)])
    async with database.read() as view:
        every = await view.outbox.mails(10)
        first = await view.outbox.mails(3)
        rest = await view.outbox.mails(3, after=(first[-1].at_ms, first[-1].id))
    assert [*first, *rest] == list(every)
    assert [mail.at_ms - NOON_MS for mail in every] == [2, 1, 1, 0, 0]


async def test_those_of_one_account_can_be_listed(database: Database) -> None:
    await add(database, a_notice(), a_notice("his", account=BERT))
    async with database.read() as view:
        assert [mail.account for mail in await view.outbox.mails(10, account=BERT)] == [BERT]


async def test_those_that_did_not_arrive_can_be_listed(database: Database) -> None:
    await add(database, *[a_notice(str(number)) for number in range(4)])
    states = [MailState.SENT, MailState.BOUNCED, MailState.GIVEN_UP, MailState.UNWANTED]
    for mail, state in zip(await claim(database), states, strict=True):
        await settle(database, mail, state)
    async with database.read() as view:
        failed = {mail.state for mail in await view.outbox.mails(10, failed=True)}
    assert failed == {MailState.BOUNCED, MailState.GIVEN_UP}


# ------------------------------------------------------------ forgetting


async def test_what_old_mails_said_and_to_whom_is_forgotten(database: Database) -> None:
    await add(database, a_notice())
    await settle(database, (await claim(database))[0])
    async with database.begin() as tx:
        assert await tx.outbox.forget_before(NOON_MS + 5) == 0
        assert await tx.outbox.forget_before(NOON_MS + 6) == 1
    mail = await the_mail(database, a_notice().id)
    assert (mail.to, mail.facts, mail.names, mail.kind) == ("", {}, {}, "share_ended")


async def test_what_waits_is_not_forgotten(database: Database) -> None:
    await add(database, a_notice())
    async with database.begin() as tx:
        assert await tx.outbox.forget_before(NOON_MS + 10**12) == 0


async def test_what_a_closed_account_was_told_is_forgotten_at_once(database: Database) -> None:
    await add(database, a_notice())
    await settle(database, (await claim(database))[0])
    async with database.begin() as tx:
        account = await tx.people.account(ANNA)
        assert account is not None
        await tx.people.update_account(replace(account, closed_ms=NOON_MS))
        assert await tx.outbox.forget_before(0) == 1


# ------------------------------------------------------------ wanting none


async def test_an_account_may_want_no_mail_of_a_kind_and_want_it_again(database: Database) -> None:
    async with database.begin() as tx:
        await tx.outbox.unsubscribe(ANNA, "share_ended", NOON_MS)
        await tx.outbox.unsubscribe(ANNA, "share_ended", NOON_MS)
        assert await tx.outbox.unsubscribed(ANNA) == {"share_ended"}
        assert await tx.outbox.unsubscribed(BERT) == set()
        await tx.outbox.subscribe(ANNA, "share_ended")
        assert await tx.outbox.unsubscribed(ANNA) == set()
