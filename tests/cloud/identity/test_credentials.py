"""A password or an address changes only by who proves to be the owner; every session not theirs ends."""

import asyncio

import pytest

from backsight_cloud.domain.credentials import BadAccount
from backsight_cloud.services.accounts import SignInRefused
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.services.proving import WrongPassword
from backsight_cloud.services.tokens import TokenRefused
from fakes.residents import ANN, BOB, ELSEWHERE, HOME, PASSWORD, Residents

NEW_PASSWORD, NEW_ADDRESS = "another password", "ann@elsewhere.example"
HOUR_MS = 3_600_000


@pytest.fixture
async def town() -> Residents:
    return await Residents().moved_in()


async def forgotten(town: Residents, email: str = ANN) -> str:
    await town.people.credentials.forgotten(email, HOME)
    return town.tells.last("reset_password").token


# ------------------------------------------------------------ changed


async def test_after_a_change_only_the_session_that_changed_it_goes_on(town: Residents) -> None:
    here, there = await town.sign_in(), await town.sign_in(address=ELSEWHERE)
    bobs = await town.sign_in(BOB)
    ended = await town.people.credentials.change_password(await town.account(), PASSWORD, NEW_PASSWORD, here)
    assert ended == 1
    assert [await town.is_in(one) for one in (here, there, bobs)] == [True, False, True]


async def test_only_the_new_password_signs_in(town: Residents) -> None:
    await town.people.credentials.change_password(await town.account(), PASSWORD, NEW_PASSWORD, "")
    assert await town.sign_in(password=NEW_PASSWORD)
    with pytest.raises(SignInRefused):
        await town.sign_in()


async def test_a_stolen_session_does_not_change_it(town: Residents) -> None:
    with pytest.raises(WrongPassword):
        await town.people.credentials.change_password(await town.account(), "guess", NEW_PASSWORD, "")
    assert await town.sign_in()


async def test_guessing_it_from_a_stolen_session_is_limited(town: Residents) -> None:
    account = await town.account()
    for _ in range(10):
        with pytest.raises(WrongPassword):
            await town.people.credentials.change_password(account, "guess", NEW_PASSWORD, "")
    with pytest.raises(TooManyTries):
        await town.people.credentials.change_password(account, PASSWORD, NEW_PASSWORD, "")
    assert await town.sign_in()  # which is limited by itself


async def test_a_sign_in_that_overlaps_the_change_opens_nothing(
    town: Residents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was looked at before the change, and the session would be made after it."""
    looked, changed = asyncio.Event(), asyncio.Event()
    right = town.passwords.verify

    async def slow(password_hash: str, password: str) -> bool:
        answer = await right(password_hash, password)
        looked.set()
        await changed.wait()
        return answer

    monkeypatch.setattr(town.passwords, "verify", slow)
    signing_in = asyncio.create_task(town.sign_in())
    await looked.wait()
    monkeypatch.setattr(town.passwords, "verify", right)
    await town.people.credentials.change_password(await town.account(), PASSWORD, NEW_PASSWORD, "")
    changed.set()
    with pytest.raises(SignInRefused):
        await signing_in


@pytest.mark.parametrize("password", ["short", "x" * 1025, ANN])
async def test_a_bad_password_is_refused(town: Residents, password: str) -> None:
    with pytest.raises(BadAccount):
        await town.people.credentials.change_password(await town.account(), PASSWORD, password, "")


async def test_a_change_is_told(town: Residents) -> None:
    await town.people.credentials.change_password(await town.account(), PASSWORD, NEW_PASSWORD, "")
    assert town.tells.last("password_changed").facts == {"at_ms": town.clock.now_ms()}


# ------------------------------------------------------------ forgotten


async def test_the_mailed_link_sets_a_new_one_and_ends_every_session(town: Residents) -> None:
    secret = await town.sign_in()
    await town.people.credentials.reset(await forgotten(town), NEW_PASSWORD, HOME)
    assert not await town.is_in(secret)
    assert await town.sign_in(password=NEW_PASSWORD)


async def test_the_link_works_once_and_for_an_hour(town: Residents) -> None:
    token = await forgotten(town)
    await town.people.credentials.reset(token, NEW_PASSWORD, HOME)
    late = await forgotten(town)
    town.clock.jump(HOUR_MS)
    for over in (token, late):
        with pytest.raises(TokenRefused):
            await town.people.credentials.reset(over, "yet another one", HOME)


async def test_of_two_who_use_the_link_at_once_one_sets_it(town: Residents) -> None:
    token = await forgotten(town)
    resets = [town.people.credentials.reset(token, f"password {n}", HOME) for n in range(3)]
    done = await asyncio.gather(*resets, return_exceptions=True)
    assert sum(isinstance(one, TokenRefused) for one in done) == 2


async def test_a_bad_password_does_not_use_the_link_up(town: Residents) -> None:
    token = await forgotten(town)
    with pytest.raises(BadAccount):
        await town.people.credentials.reset(token, "short", HOME)
    await town.people.credentials.reset(token, NEW_PASSWORD, HOME)


async def test_a_link_for_one_thing_is_good_for_nothing_else(town: Residents) -> None:
    token = await forgotten(town)
    with pytest.raises(TokenRefused):
        await town.people.credentials.confirm_address(token, HOME)
    with pytest.raises(TokenRefused):
        await town.people.signing_up.confirm(token, HOME)
    await town.people.credentials.reset(token, NEW_PASSWORD, HOME)


async def test_an_unknown_address_gets_no_mail_and_no_other_answer(town: Residents) -> None:
    await town.people.credentials.forgotten("nobody@example.org", HOME)
    assert town.tells.kinds == []


async def test_a_changed_password_ends_the_mailed_link(town: Residents) -> None:
    token = await forgotten(town)
    await town.people.credentials.change_password(await town.account(), PASSWORD, NEW_PASSWORD, "")
    with pytest.raises(TokenRefused):
        await town.people.credentials.reset(token, "a thief's password", HOME)


async def test_known_and_unknown_addresses_are_limited_alike(town: Residents) -> None:
    waits = []
    for email in (ANN, "nobody@example.org"):
        for _ in range(3):
            await town.people.credentials.forgotten(email, HOME)
        with pytest.raises(TooManyTries) as refused:
            await town.people.credentials.forgotten(email, HOME)
        waits.append(refused.value.wait_s)
    assert waits[0] == waits[1]


async def test_reading_the_mail_confirms_the_address(town: Residents) -> None:
    await town.change(ANN, confirmed_ms=None)
    await town.people.credentials.reset(await forgotten(town), NEW_PASSWORD, HOME)
    assert (await town.account()).confirmed_ms


# ------------------------------------------------------------ address


async def moving(town: Residents) -> str:
    await town.people.credentials.change_address(await town.account(), NEW_ADDRESS, PASSWORD)
    return town.tells.last("address_changes").token


async def test_the_new_address_confirms_and_the_old_one_is_told(town: Residents) -> None:
    token = await moving(town)
    assert town.tells.last("address_changes").to == NEW_ADDRESS
    assert await town.account(ANN)  # until then nothing changes
    await town.people.credentials.confirm_address(token, HOME)
    assert (await town.account(NEW_ADDRESS)).confirmed_ms
    told = town.tells.last("address_changed")
    assert (told.to, told.facts["new"]) == (ANN, NEW_ADDRESS)
    assert await town.sign_in(NEW_ADDRESS)


async def test_it_needs_the_password(town: Residents) -> None:
    with pytest.raises(WrongPassword):
        await town.people.credentials.change_address(await town.account(), NEW_ADDRESS, "guess")


async def test_that_an_address_is_taken_is_not_said(town: Residents) -> None:
    await town.people.credentials.change_address(await town.account(), BOB, PASSWORD)
    assert town.tells.kinds == []


async def test_an_address_that_was_taken_meanwhile_stays_the_others(town: Residents) -> None:
    token = await moving(town)
    await town.people.accounts.add(NEW_ADDRESS, PASSWORD, "UTC")
    with pytest.raises(TokenRefused):
        await town.people.credentials.confirm_address(token, HOME)
    assert await town.account(ANN)


async def test_links_mailed_to_the_old_address_open_nothing_any_more(town: Residents) -> None:
    reset = await forgotten(town)
    await town.people.credentials.confirm_address(await moving(town), HOME)
    with pytest.raises(TokenRefused):
        await town.people.credentials.reset(reset, NEW_PASSWORD, HOME)


async def test_the_time_zone_is_one_that_exists(town: Residents) -> None:
    changed = await town.people.credentials.set_zone(await town.account(), "America/New_York")
    assert (changed.zone, (await town.account()).zone) == ("America/New_York", "America/New_York")
    with pytest.raises(BadAccount):
        await town.people.credentials.set_zone(changed, "Mars/Olympus")
