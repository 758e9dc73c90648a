"""An owner sees where they are signed in, ends any of it, and hears of a sign-in from a place that is new."""

import pytest

from backsight_cloud.services.accounts import SEEN_EVERY_MS, SESSION_LIFE_MS
from backsight_cloud.services.sessions import NoSuchSession
from fakes.residents import ANN, BOB, ELSEWHERE, Residents


@pytest.fixture
async def town() -> Residents:
    return await Residents().moved_in()


async def test_sessions_are_listed_with_browser_and_address_and_which_asks(town: Residents) -> None:
    await town.sign_in()
    await town.clock.advance(1)
    here = await town.sign_in(address=ELSEWHERE)
    found = await town.people.sessions.of((await town.account()).id, here)
    assert [(view.session.browser, view.session.address, view.current) for view in found] == [
        ("Firefox on Linux", ELSEWHERE, True),
        ("Firefox on Linux", "192.0.2.1", False),
    ]


async def test_what_is_shown_of_a_session_opens_nothing(town: Residents) -> None:
    secret = await town.sign_in()
    (view,) = await town.people.sessions.of((await town.account()).id)
    assert not await town.is_in(view.session.id)
    assert secret not in repr(view)
    assert view.session.token_hash not in repr(view)


async def test_one_that_has_ended_is_not_listed(town: Residents) -> None:
    await town.sign_in()
    town.clock.jump(SESSION_LIFE_MS)
    assert await town.people.sessions.of((await town.account()).id) == []


async def test_it_is_known_when_a_session_was_used_to_within_some_minutes(town: Residents) -> None:
    secret, began_ms = await town.sign_in(), town.clock.now_ms()
    seen = []
    for _ in range(3):
        await town.clock.advance(SEEN_EVERY_MS / 2000)
        assert await town.is_in(secret)
        (view,) = await town.people.sessions.of((await town.account()).id)
        seen.append(view.session.seen_ms - began_ms)
    assert seen == [0, SEEN_EVERY_MS, SEEN_EVERY_MS]


async def test_that_it_was_used_is_not_worth_a_request(town: Residents) -> None:
    secret = await town.sign_in()
    await town.clock.advance(SEEN_EVERY_MS / 1000)
    database = town.database
    begin = database.begin
    database.begin = lambda: (_ for _ in ()).throw(_unavailable())  # type: ignore[method-assign]
    try:
        assert await town.is_in(secret)
    finally:
        database.begin = begin  # type: ignore[method-assign]


def _unavailable() -> Exception:
    from backsight_cloud.ports import DatabaseUnavailable

    return DatabaseUnavailable("away")


async def test_one_session_is_ended_by_its_owner(town: Residents) -> None:
    one, other = await town.sign_in(), await town.sign_in()
    account = (await town.account()).id
    views = await town.people.sessions.of(account, one)
    await town.people.sessions.end(account, next(v.session.id for v in views if not v.current))
    assert [await town.is_in(one), await town.is_in(other)] == [True, False]


async def test_another_accounts_session_is_as_one_that_does_not_exist(town: Residents) -> None:
    secret = await town.sign_in(ANN)
    (view,) = await town.people.sessions.of((await town.account(ANN)).id)
    with pytest.raises(NoSuchSession):
        await town.people.sessions.end((await town.account(BOB)).id, view.session.id)
    assert await town.is_in(secret)


async def test_everywhere_is_everywhere_and_nobody_elses(town: Residents) -> None:
    ours, bobs = [await town.sign_in(), await town.sign_in()], await town.sign_in(BOB)
    assert await town.people.sessions.end_all((await town.account()).id) == 2
    assert [await town.is_in(one) for one in (*ours, bobs)] == [False, False, True]


async def test_everywhere_but_here_leaves_here(town: Residents) -> None:
    here, there = await town.sign_in(), await town.sign_in()
    await town.people.sessions.end_all((await town.account()).id, here)
    assert [await town.is_in(here), await town.is_in(there)] == [True, False]


async def test_signing_out_everywhere_ends_a_sign_in_that_is_half_done(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    challenge = await town.challenge()
    await town.people.sessions.end_all((await town.account()).id)
    with pytest.raises(Exception, match="begin again"):
        await town.people.accounts.second_step(challenge, phone.code(), ELSEWHERE)


async def test_a_sign_in_from_a_new_place_is_told_once(town: Residents) -> None:
    await town.sign_in()
    await town.sign_in()
    await town.sign_in(address=ELSEWHERE)
    places = [(told.to, told.facts["address"]) for told in town.tells.of("new_sign_in")]
    assert places == [(ANN, "192.0.2.1"), (ANN, ELSEWHERE)]


async def test_what_has_ended_is_tidied_away(town: Residents) -> None:
    await town.sign_in()
    await town.people.credentials.forgotten(ANN, ELSEWHERE)
    town.clock.jump(SESSION_LIFE_MS)
    await town.people.accounts.forget_old_sessions()
    assert (town.database._state.sessions, town.database._state.tokens) == ({}, {})
