"""The cloud's database keeps accounts, proofs and shares, whichever adapter; what is good once is so."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.people import Invitation, Role, SecondFactor, Share, Token, TokenKind
from backsight_cloud.domain.records import Session
from backsight_cloud.ports import AlreadyThere, Database
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import (
    ANNA,
    BERT,
    DOOR,
    FOREIGN,
    HOUR_MS,
    HUB,
    YARD,
    a_run,
    an_account,
    an_event,
    move_in,
    record,
    segments_of,
)

CLEO = "cleo"
RUN = a_run(NOON_MS)
SPAN = (NOON_MS, NOON_MS + HOUR_MS)


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        made: Database = FakeDatabase()
        await furnish(made)
        yield made
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await furnish(opened)
        yield opened


async def furnish(database: Database) -> None:
    """Anna's door has a history; Cleo has nothing."""
    await move_in(database)
    await record(database, RUN, segments_of(RUN))
    async with database.begin() as tx:
        await tx.people.add_account(an_account(CLEO))
        await tx.events.note(ANNA, [an_event()])


async def share(database: Database, viewer: str = BERT, camera: str = DOOR, since: int = NOON_MS) -> None:
    async with database.begin() as tx:
        await tx.shares.add(Share(f"{viewer}-{camera}", camera, viewer, since))


# ------------------------------------------------------------ accounts and sessions


async def test_an_account_changes_in_everything_but_its_beginning(database: Database) -> None:
    changed = replace(
        an_account(),
        email="a@example.org",
        role=Role.OPERATOR,
        confirmed_ms=1,
        password_changed_ms=2,
        closing_ms=3,
        closed_ms=4,
    )
    async with database.begin() as tx:
        await tx.people.update_account(replace(changed, created_ms=5))
    async with database.read() as tx:
        assert await tx.people.account(ANNA) == changed


async def test_an_address_cannot_become_anothers(database: Database) -> None:
    with pytest.raises(AlreadyThere, match="bert@example"):
        async with database.begin() as tx:
            await tx.people.update_account(replace(an_account(), email="bert@example.org"))


async def test_sessions_are_listed_ended_and_seen(database: Database) -> None:
    old, new, berts = (
        Session(name, account, NOON_MS, NOON_MS + 1, f"id-{name}", seen, "Firefox", "192.0.2.1")
        for name, account, seen in (("old", ANNA, 1), ("new", ANNA, 2), ("berts", BERT, 3))
    )
    async with database.begin() as tx:
        for session in (old, new, berts):
            await tx.people.add_session(session)
        assert await tx.people.sessions(ANNA) == [new, old]
        await tx.people.note_seen("old", 9)
        assert [one.id for one in await tx.people.sessions(ANNA)] == ["id-old", "id-new"]
        assert not await tx.people.end_session_of(ANNA, "id-berts")
        assert await tx.people.end_session_of(ANNA, "id-new")
        assert await tx.people.end_sessions(ANNA, but="old") == 0
        assert await tx.people.end_sessions(ANNA) == 1
        assert await tx.people.sessions(BERT) == [berts]


async def test_a_person_is_forgotten_and_the_row_stays(database: Database) -> None:
    async with database.begin() as tx:
        await tx.people.add_session(Session("hash", ANNA, NOON_MS, NOON_MS + 1))
        await tx.hubs.set_status(HUB, "{}", 1)
        await tx.people.forget_person(ANNA)
    async with database.read() as tx:
        account, hub = await tx.people.account(ANNA), await tx.hubs.hub(HUB)
        assert await tx.people.sessions(ANNA) == []
    assert account is not None
    assert hub is not None
    assert (account.email, account.password_hash, account.zone) == ("closed anna", "", "UTC")
    assert (hub.name, hub.status_json) == ("", "")


# ------------------------------------------------------------ proofs


async def test_a_token_is_used_once_for_its_kind_and_in_its_time(database: Database) -> None:
    token = Token("hash", ANNA, TokenKind.RESET, NOON_MS + 10, "data")
    async with database.begin() as tx:
        await tx.tokens.add(token)
        assert await tx.tokens.use(TokenKind.CONFIRM, "hash", NOON_MS) is None
        assert await tx.tokens.use(TokenKind.RESET, "hash", NOON_MS + 10) is None
        assert await tx.tokens.token(TokenKind.RESET, "hash", NOON_MS) == token
        assert await tx.tokens.use(TokenKind.RESET, "hash", NOON_MS) == token
        assert await tx.tokens.use(TokenKind.RESET, "hash", NOON_MS) is None


async def test_of_many_who_use_a_token_at_once_one_has_it(database: Database) -> None:
    async with database.begin() as tx:
        await tx.tokens.add(Token("hash", ANNA, TokenKind.RESET, NOON_MS + 10))

    async def use() -> Token | None:
        async with database.begin() as tx:
            return await tx.tokens.use(TokenKind.RESET, "hash", NOON_MS)

    assert sum(one is not None for one in await asyncio.gather(*(use() for _ in range(8)))) == 1


async def test_a_newer_token_of_the_same_kind_takes_the_olders_place(database: Database) -> None:
    async with database.begin() as tx:
        for name, kind in (("old", TokenKind.RESET), ("other", TokenKind.CONFIRM), ("new", TokenKind.RESET)):
            await tx.tokens.add(Token(name, ANNA, kind, NOON_MS + 10))
        assert await tx.tokens.token(TokenKind.RESET, "old", NOON_MS) is None
        assert await tx.tokens.token(TokenKind.CONFIRM, "other", NOON_MS) is not None
        await tx.tokens.drop_before(NOON_MS + 10)
        assert await tx.tokens.token(TokenKind.RESET, "new", NOON_MS) is None


async def test_a_step_is_used_once_and_never_an_earlier_one(database: Database) -> None:
    async with database.begin() as tx:
        assert not await tx.factors.use_step(ANNA, 5)
        await tx.factors.put(SecondFactor(ANNA, "sealed"))
        assert await tx.factors.use_step(ANNA, 5)
        assert not await tx.factors.use_step(ANNA, 5)
        assert not await tx.factors.use_step(ANNA, 4)
        assert await tx.factors.factor(ANNA) == SecondFactor(ANNA, "sealed", None, 5)
        await tx.factors.put(SecondFactor(ANNA, "sealed", NOON_MS, 6))
        assert await tx.factors.factor(ANNA) == SecondFactor(ANNA, "sealed", NOON_MS, 6)


async def test_recovery_codes_are_one_accounts_and_used_once(database: Database) -> None:
    async with database.begin() as tx:
        await tx.factors.put(SecondFactor(ANNA, "sealed", NOON_MS))
        await tx.factors.replace_recovery_codes(ANNA, ["a", "b"])
        assert not await tx.factors.use_recovery_code(BERT, "a")
        assert await tx.factors.use_recovery_code(ANNA, "a")
        assert not await tx.factors.use_recovery_code(ANNA, "a")
        assert await tx.factors.recovery_codes_left(ANNA) == 1
        await tx.factors.remove(ANNA)
        assert (await tx.factors.factor(ANNA), await tx.factors.recovery_codes_left(ANNA)) == (None, 0)


# ------------------------------------------------------------ looking


async def looks(database: Database, viewer: str, camera: str = DOOR) -> list[bool]:
    """What each query answers to the viewer: something, or nothing."""
    async with database.read() as tx:
        answers = (
            await tx.cameras.viewed(viewer, camera),
            [one for one in await tx.cameras.all_viewed(viewer) if one.id == camera],
            await tx.footage.segments(viewer, camera, *SPAN, None),
            await tx.footage.parts(viewer, camera, *SPAN, None),
            await tx.footage.runs(viewer, camera, *SPAN),
            await tx.footage.segment(viewer, camera, RUN.run_ms),
            await tx.footage.span(viewer, camera, None),
            await tx.events.between(viewer, camera, *SPAN, None),
        )
    return [bool(one) for one in answers]


EVERYTHING, NOTHING = [True] * 8, [False] * 8


async def test_every_query_answers_the_owner_and_whom_they_share_it_with_and_nobody_else(
    database: Database,
) -> None:
    await share(database)
    seen = {viewer: await looks(database, viewer) for viewer in (ANNA, BERT, CLEO, "nobody")}
    assert seen == {ANNA: EVERYTHING, BERT: EVERYTHING, CLEO: NOTHING, "nobody": NOTHING}


async def test_no_query_answers_after_the_share_has_ended(database: Database) -> None:
    await share(database)
    async with database.begin() as tx:
        assert await tx.shares.end(CLEO, f"{BERT}-{DOOR}") is None
        assert await tx.shares.end(ANNA, f"{BERT}-{DOOR}") is not None
    assert await looks(database, BERT) == NOTHING


@pytest.mark.parametrize("who", [ANNA, BERT])
async def test_no_query_answers_an_operator(database: Database, who: str) -> None:
    await share(database)
    async with database.begin() as tx:
        account = await tx.people.account(who)
        assert account is not None
        await tx.people.update_account(replace(account, role=Role.OPERATOR))
    assert await looks(database, who) == NOTHING


async def test_a_viewer_owns_nothing_of_it(database: Database) -> None:
    await share(database)
    async with database.read() as tx:
        assert await tx.cameras.owned(BERT, DOOR) is None
        assert [camera.id for camera in await tx.cameras.of_account(BERT)] == [FOREIGN]
        assert await tx.footage.erasures(BERT, DOOR, 9) == []


async def test_own_cameras_come_first_and_then_others_in_the_order_of_their_shares(
    database: Database,
) -> None:
    await share(database, camera=YARD, since=1)
    await share(database, camera=DOOR, since=2)
    async with database.read() as tx:
        assert [camera.id for camera in await tx.cameras.all_viewed(BERT)] == [FOREIGN, YARD, DOOR]


async def test_a_camera_that_is_unbound_takes_its_shares_and_invitations_with_it(database: Database) -> None:
    await share(database)
    async with database.begin() as tx:
        await tx.shares.invite(Invitation("i", DOOR, "c@example.org", NOON_MS, NOON_MS + 9))
        camera = await tx.cameras.owned(ANNA, DOOR)
        assert camera is not None
        await tx.erasing.erase_all(camera, "unbound", NOON_MS)
        await tx.cameras.unbind(camera, NOON_MS)
        assert await tx.shares.with_viewer(BERT) == []
        assert await tx.shares.invitations_for("c@example.org", NOON_MS) == []


# ------------------------------------------------------------ sharing


async def test_a_camera_is_shared_with_an_account_once(database: Database) -> None:
    await share(database)
    with pytest.raises(AlreadyThere):
        async with database.begin() as tx:
            await tx.shares.add(Share("another", DOOR, BERT, NOON_MS))


async def test_both_sides_list_a_share(database: Database) -> None:
    await share(database)
    expected = Share(f"{BERT}-{DOOR}", DOOR, BERT, NOON_MS)
    async with database.read() as tx:
        ((held, camera, owner),) = await tx.shares.with_viewer(BERT)
        assert (held, camera.id, owner) == (expected, DOOR, "anna@example.org")
        assert await tx.shares.of_camera(ANNA, DOOR) == [(expected, "bert@example.org")]
        assert await tx.shares.of_camera(BERT, DOOR) == []


async def test_an_invitation_is_its_addresss_its_owners_and_used_once(database: Database) -> None:
    first = Invitation("first", DOOR, "b@example.org", NOON_MS, NOON_MS + 9)
    again = replace(first, id="again")
    async with database.begin() as tx:
        await tx.shares.invite(first)
        await tx.shares.invite(again)
        ((invitation, camera, owner),) = await tx.shares.invitations_for("b@example.org", NOON_MS)
        assert (invitation, camera.id, owner) == (again, DOOR, "anna@example.org")
        assert await tx.shares.invitations_of(ANNA, DOOR, NOON_MS) == [again]
        assert await tx.shares.invitations_of(BERT, DOOR, NOON_MS) == []
        assert await tx.shares.invitations_for("b@example.org", NOON_MS + 9) == []
        assert not await tx.shares.take_back(BERT, DOOR, "again")
        assert not await tx.shares.take_back(ANNA, YARD, "again")
        assert await tx.shares.take_invitation("again", "c@example.org", NOON_MS) is None
        assert await tx.shares.take_invitation("again", "b@example.org", NOON_MS + 9) is None
        assert await tx.shares.take_invitation("again", "b@example.org", NOON_MS) == again
        assert await tx.shares.take_invitation("again", "b@example.org", NOON_MS) is None


async def test_all_of_an_account_ends_both_ways_with_its_invitations(database: Database) -> None:
    await share(database, BERT, DOOR, since=1)
    await share(database, ANNA, FOREIGN, since=2)
    await share(database, CLEO, FOREIGN, since=3)
    async with database.begin() as tx:
        await tx.shares.invite(Invitation("to", YARD, "cleo@example.org", NOON_MS, NOON_MS + 9))
        await tx.shares.invite(Invitation("from", FOREIGN, "anna@example.org", NOON_MS, NOON_MS + 9))
        ended = await tx.shares.end_all_of(ANNA)
        assert [(one.viewer, camera.id) for one, camera in ended] == [(BERT, DOOR), (ANNA, FOREIGN)]
        assert [one.viewer for one, _ in await tx.shares.of_camera(BERT, FOREIGN)] == [CLEO]
        for email in ("cleo@example.org", "anna@example.org"):
            assert await tx.shares.invitations_for(email, NOON_MS) == []
