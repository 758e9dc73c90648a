"""Anyone may sign up; only who reads the mail learns whether the address had an account, and confirms it."""

from dataclasses import replace

import pytest

from backsight_cloud.domain.credentials import BadAccount
from backsight_cloud.services.accounts import AddressNotConfirmed, SignInRefused
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.services.signing_up import SignUpClosed
from backsight_cloud.services.tokens import TokenRefused
from fakes.people import PEOPLE_TERMS
from fakes.residents import ANN, ELSEWHERE, HOME, PASSWORD, Residents

NEW = "new@example.org"
DAY_MS = 86_400_000


@pytest.fixture
async def town() -> Residents:
    return await Residents().moved_in()


async def sign_up(town: Residents, email: str = NEW, password: str = PASSWORD, address: str = HOME) -> None:
    await town.people.signing_up.sign_up(email, password, "Europe/Berlin", address)


async def confirm(town: Residents, token: str) -> None:
    await town.people.signing_up.confirm(token, HOME)


async def test_a_new_account_is_confirmed_by_the_link_in_its_mail(town: Residents) -> None:
    await sign_up(town)
    mail = town.tells.last("confirm_address")
    assert mail.to == NEW
    assert mail.facts["link"] == f"https://care.example.org/confirm/{mail.token}"
    await confirm(town, mail.token)
    assert (await town.account(NEW)).confirmed_ms == town.clock.now_ms()


async def test_the_link_works_once(town: Residents) -> None:
    await sign_up(town)
    token = town.tells.last("confirm_address").token
    await confirm(town, token)
    with pytest.raises(TokenRefused):
        await confirm(town, token)


async def test_the_link_ends_after_three_days(town: Residents) -> None:
    await sign_up(town)
    mail = town.tells.last("confirm_address")
    assert mail.facts["until_ms"] == town.clock.now_ms() + 3 * DAY_MS
    town.clock.jump(3 * DAY_MS)
    with pytest.raises(TokenRefused):
        await confirm(town, mail.token)


async def test_the_token_is_not_what_is_stored(town: Residents) -> None:
    await sign_up(town)
    assert town.tells.last("confirm_address").token not in str(town.database._state.tokens)


async def test_a_newer_mail_takes_the_older_ones_place(town: Residents) -> None:
    await sign_up(town)
    first = town.tells.last("confirm_address").token
    await town.clock.advance(1)
    await sign_up(town)
    with pytest.raises(TokenRefused):
        await confirm(town, first)
    await confirm(town, town.tells.last("confirm_address").token)


async def test_who_has_an_account_is_told_so_by_mail_and_nothing_changes(town: Residents) -> None:
    before = await town.account(ANN)
    await sign_up(town, " Ann@Example.org ", "another password")
    assert await town.account(ANN) == before
    assert [(mail.kind, mail.to) for mail in town.tells.told.values()] == [("account_exists", ANN)]


async def test_a_known_address_costs_the_same_work(town: Residents, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    plain = town.passwords.hash

    async def count(password: str) -> str:
        hashed.append(password)
        return await plain(password)

    monkeypatch.setattr(town.passwords, "hash", count)
    await sign_up(town, NEW)
    await sign_up(town, ANN)
    assert len(hashed) == 2


async def test_whoever_confirms_has_the_password_of_their_own_sign_up(town: Residents) -> None:
    """Somebody may have signed up before with an address that is not theirs."""
    await sign_up(town, password="a thief's password")
    thief = await town.sign_in(NEW, "a thief's password", ELSEWHERE)
    await town.clock.advance(1)
    await sign_up(town, password="the owner's password")
    await confirm(town, town.tells.last("confirm_address").token)
    assert not await town.is_in(thief)
    assert await town.sign_in(NEW, "the owner's password")
    with pytest.raises(SignInRefused):
        await town.sign_in(NEW, "a thief's password")


async def test_signing_up_again_changes_no_password_before_it_is_confirmed(town: Residents) -> None:
    await sign_up(town)
    await sign_up(town, password="another password")
    assert await town.sign_in(NEW, PASSWORD)


async def test_an_unconfirmed_address_signs_in_unless_the_service_wants_it_confirmed(town: Residents) -> None:
    await sign_up(town)
    assert await town.sign_in(NEW)


async def test_where_only_confirmed_addresses_sign_in_the_mail_is_asked_for() -> None:
    town = Residents(replace(PEOPLE_TERMS, confirmed_only=True))
    await sign_up(town)
    with pytest.raises(AddressNotConfirmed):
        await town.sign_in(NEW)
    with pytest.raises(SignInRefused):
        await town.sign_in(NEW, "wrong password")  # of which nothing is said
    await confirm(town, town.tells.last("confirm_address").token)
    assert await town.sign_in(NEW)


async def test_the_mail_is_sent_again_for_who_is_signed_in(town: Residents) -> None:
    await sign_up(town)
    await town.clock.advance(1)
    await town.people.signing_up.send_again(await town.account(NEW))
    await confirm(town, town.tells.last("confirm_address").token)
    assert (await town.account(NEW)).confirmed_ms


async def test_one_address_gets_three_mails_and_then_one_in_twenty_minutes(town: Residents) -> None:
    for number in range(3):
        await sign_up(town, address=f"198.51.100.{number}")
    with pytest.raises(TooManyTries) as refused:
        await sign_up(town, address="198.51.100.99")
    assert refused.value.wait_s == 1200


async def test_one_network_signs_up_twenty_times_and_then_once_a_minute(town: Residents) -> None:
    for number in range(20):
        await sign_up(town, f"n{number}@example.org")
    with pytest.raises(TooManyTries):
        await sign_up(town, "another@example.org")


async def test_guessing_links_is_limited(town: Residents) -> None:
    for number in range(20):
        with pytest.raises(TokenRefused):
            await confirm(town, f"guess{number}")
    with pytest.raises(TooManyTries):
        await confirm(town, "guess")


@pytest.mark.parametrize(
    ("email", "password", "zone", "field"),
    [
        ("new", PASSWORD, "UTC", "email"),
        (NEW, "short", "UTC", "password"),
        ("new@example.org", "NEW@example.org", "UTC", "password"),
        (NEW, PASSWORD, "Mars/Olympus", "zone"),
    ],
)
async def test_what_is_wrong_is_named(
    town: Residents, email: str, password: str, zone: str, field: str
) -> None:
    with pytest.raises(BadAccount) as refused:
        await town.people.signing_up.sign_up(email, password, zone, HOME)
    assert refused.value.field == field


async def test_an_operator_may_keep_the_door_closed() -> None:
    town = Residents(replace(PEOPLE_TERMS, sign_up=False))
    with pytest.raises(SignUpClosed):
        await sign_up(town)
