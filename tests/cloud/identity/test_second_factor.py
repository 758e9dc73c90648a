"""Where codes are asked for, the password alone opens nothing; each code and recovery code is good once."""

import asyncio

import pytest

from backsight_cloud.domain.totp import STEP_MS
from backsight_cloud.services.accounts import SecondStepOver, SignInRefused
from backsight_cloud.services.limits import TooManyTries
from backsight_cloud.services.proving import WrongCode, WrongPassword
from backsight_cloud.services.second_factor import ConfirmFirst, FactorIsOff, FactorIsOn
from fakes.residents import ANN, BOB, HOME, PASSWORD, Phone, Residents

MINUTE_MS = 60_000


@pytest.fixture
async def town() -> Residents:
    return await Residents().moved_in()


async def enter(town: Residents, challenge: str, code: str) -> str:
    secret, _ = await town.people.accounts.second_step(challenge, code, HOME, "Firefox on Linux")
    return secret


async def test_password_and_code_sign_in(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    assert await town.is_in(await enter(town, await town.challenge(), phone.code()))


async def test_the_code_may_be_typed_with_a_blank(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    code = phone.code()
    assert await enter(town, await town.challenge(), f" {code[:3]} {code[3:]} ")


async def test_a_code_works_once(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    code = phone.code()
    await enter(town, await town.challenge(), code)
    with pytest.raises(SignInRefused):
        await enter(town, await town.challenge(), code)


async def test_of_two_who_show_the_same_code_at_once_one_is_let_in(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    challenge, code = await town.challenge(), phone.code()
    tries = [enter(town, challenge, code) for _ in range(5)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, str) for one in done) == 1


async def test_the_code_that_confirmed_the_set_up_does_not_sign_in(town: Residents) -> None:
    account = await town.account()
    phone = Phone((await town.people.second_factors.begin(account, PASSWORD)).secret, town.clock)
    code = phone.code()
    await town.people.second_factors.confirm(account, code)
    with pytest.raises(SignInRefused):
        await enter(town, await town.challenge(), code)


async def test_a_challenge_works_once(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    challenge = await town.challenge()
    await enter(town, challenge, phone.code())
    await town.clock.advance(STEP_MS / 1000)
    with pytest.raises(SecondStepOver):
        await enter(town, challenge, phone.code())


async def test_a_challenge_ends_after_five_minutes(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    challenge = await town.challenge()
    await town.clock.advance(300)
    with pytest.raises(SecondStepOver):
        await enter(town, challenge, phone.code())


async def test_a_challenge_opens_nothing_by_itself(town: Residents) -> None:
    await town.with_second_factor()
    assert not await town.is_in(await town.challenge())


async def test_a_challenge_ends_when_the_password_changes(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    challenge = await town.challenge()
    await town.people.credentials.change_password(await town.account(), PASSWORD, "another password", "")
    with pytest.raises(SecondStepOver):
        await enter(town, challenge, phone.code())


async def test_another_accounts_code_is_wrong(town: Residents) -> None:
    await town.with_second_factor(ANN)
    bobs, _ = await town.with_second_factor(BOB)
    with pytest.raises(SignInRefused):
        await enter(town, await town.challenge(ANN), bobs.code())


async def test_ten_recovery_codes_are_given_and_each_works_once(town: Residents) -> None:
    _, codes = await town.with_second_factor()
    assert len(set(codes)) == 10
    for number, code in enumerate(codes):
        assert await enter(town, await town.challenge(), code.lower().replace("-", " "))
        assert town.tells.last("recovery_code_used").facts == {"left": 9 - number}
    with pytest.raises(SignInRefused):
        await enter(town, await town.challenge(), codes[0])


async def test_recovery_codes_are_stored_as_hashes_and_the_secret_encrypted(town: Residents) -> None:
    account = await town.account()
    setup = await town.people.second_factors.begin(account, PASSWORD)
    codes = await town.people.second_factors.confirm(account, Phone(setup.secret, town.clock).code())
    kept = str(town.database._state)
    assert all(code not in kept for code in (*codes, setup.secret))


async def test_new_recovery_codes_take_the_old_ones_place(town: Residents) -> None:
    phone, old = await town.with_second_factor()
    new = await town.people.second_factors.new_recovery_codes(await town.account(), PASSWORD, phone.code())
    with pytest.raises(SignInRefused):
        await enter(town, await town.challenge(), old[0])
    assert await enter(town, await town.challenge(), new[0])


async def test_five_wrong_codes_are_taken_and_then_one_in_five_minutes(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    challenge = await town.challenge()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await enter(town, challenge, "000000")
    with pytest.raises(TooManyTries) as refused:
        await enter(town, challenge, phone.code())
    assert refused.value.wait_s == 300


async def test_the_second_factor_counts_only_after_a_code_was_shown(town: Residents) -> None:
    await town.people.second_factors.begin(await town.account(), PASSWORD)
    assert await town.sign_in()


async def test_a_wrong_code_does_not_turn_it_on(town: Residents) -> None:
    account = await town.account()
    await town.people.second_factors.begin(account, PASSWORD)
    with pytest.raises(WrongCode):
        await town.people.second_factors.confirm(account, "000000")
    assert not (await town.people.second_factors.state(account)).is_on


async def test_who_is_signed_in_needs_the_password_to_set_it_up(town: Residents) -> None:
    with pytest.raises(WrongPassword):
        await town.people.second_factors.begin(await town.account(), "wrong password")


async def test_an_unconfirmed_address_cannot_lock_its_owner_out(town: Residents) -> None:
    account = await town.change(ANN, confirmed_ms=None)
    with pytest.raises(ConfirmFirst):
        await town.people.second_factors.begin(account, PASSWORD)


async def test_it_cannot_be_set_up_over_one_that_is_on(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    with pytest.raises(FactorIsOn):
        await town.people.second_factors.begin(await town.account(), PASSWORD)
    with pytest.raises(FactorIsOn):
        await town.people.second_factors.confirm(await town.account(), phone.code())


async def test_taking_it_away_needs_password_and_code(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    account, factors = await town.account(), town.people.second_factors
    with pytest.raises(WrongPassword):
        await factors.take_away(account, "wrong password", phone.code())
    with pytest.raises(WrongCode):
        await factors.take_away(account, PASSWORD, "000000")
    await factors.take_away(account, PASSWORD, phone.code())
    assert await town.sign_in()
    with pytest.raises(FactorIsOff):
        await factors.take_away(account, PASSWORD, phone.code())


async def test_its_owner_is_told_when_it_comes_and_goes(town: Residents) -> None:
    phone, _ = await town.with_second_factor()
    await town.people.second_factors.take_away(await town.account(), PASSWORD, phone.code())
    assert [kind for kind in town.tells.kinds if kind.startswith("second")] == [
        "second_factor_on",
        "second_factor_off",
    ]


async def test_a_reset_password_does_not_go_around_it(town: Residents) -> None:
    await town.with_second_factor()
    await town.people.credentials.forgotten(ANN, HOME)
    token = town.tells.last("reset_password").token
    await town.people.credentials.reset(token, "another password", HOME)
    with pytest.raises(SignInRefused):
        await enter(town, "no challenge", "000000")
    async with town.database.read() as tx:
        assert await tx.people.sessions((await town.account()).id) == []
    with pytest.raises(Exception, match="one-time code"):
        await town.sign_in(ANN, "another password")
