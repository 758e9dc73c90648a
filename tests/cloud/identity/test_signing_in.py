"""Who knows the password is signed in, for a while; everyone else learns nothing and has to wait."""

import pytest

from backsight_cloud.domain.credentials import LONGEST_PASSWORD, BadAccount
from backsight_cloud.domain.records import Account
from backsight_cloud.services.accounts import SESSION_LIFE_MS, Accounts, SignInRefused
from backsight_cloud.services.limits import TooManyTries
from fakes.clock import FakeClock
from fakes.database import FakeDatabase
from fakes.passwords import FakePasswords

EMAIL, PASSWORD, HOME = "ann@example.org", "correct horse", "192.0.2.1"


class House:
    """Accounts with one account in it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = FakeDatabase()
        self.passwords = FakePasswords()
        self.accounts = Accounts(self.database, self.passwords, self.clock)
        self.ann: Account | None = None

    async def with_ann(self) -> "House":
        self.ann = await self.accounts.add(EMAIL, PASSWORD, "Europe/Berlin")
        return self

    async def fail(self, times: int, email: str = EMAIL, address: str = HOME) -> None:
        for _ in range(times):
            with pytest.raises(SignInRefused):
                await self.accounts.sign_in(email, "wrong", address)


@pytest.fixture
async def house() -> House:
    return await House().with_ann()


async def test_the_right_password_signs_in(house: House) -> None:
    secret, account = await house.accounts.sign_in(EMAIL, PASSWORD, HOME)
    assert account == house.ann
    assert await house.accounts.signed_in(secret) == house.ann


async def test_the_address_may_be_written_in_any_case(house: House) -> None:
    assert (await house.accounts.sign_in(" Ann@EXAMPLE.org ", PASSWORD, HOME))[1] == house.ann


async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(house: House) -> None:
    texts = []
    for email in (EMAIL, "nobody@example.org"):
        with pytest.raises(SignInRefused) as refused:
            await house.accounts.sign_in(email, "wrong", HOME)
        texts.append(str(refused.value))
    assert texts[0] == texts[1]


async def test_an_unknown_address_costs_the_same_work(house: House) -> None:
    await house.fail(1)
    assert house.passwords.verified == 1
    await house.fail(1, email="nobody@example.org")
    assert house.passwords.verified == 2


async def test_an_endless_password_is_not_even_looked_at(house: House) -> None:
    with pytest.raises(SignInRefused):
        await house.accounts.sign_in(EMAIL, "x" * (LONGEST_PASSWORD + 1), HOME)
    assert house.passwords.verified == 0


async def test_the_session_ends_with_its_time(house: House) -> None:
    secret, _ = await house.accounts.sign_in(EMAIL, PASSWORD, HOME)
    house.clock.jump(SESSION_LIFE_MS - 1)
    assert await house.accounts.signed_in(secret)
    house.clock.jump(1)
    assert await house.accounts.signed_in(secret) is None


async def test_signing_out_ends_the_session(house: House) -> None:
    secret, _ = await house.accounts.sign_in(EMAIL, PASSWORD, HOME)
    await house.accounts.sign_out(secret)
    assert await house.accounts.signed_in(secret) is None


async def test_the_secret_is_not_what_is_stored(house: House) -> None:
    secret, _ = await house.accounts.sign_in(EMAIL, PASSWORD, HOME)
    assert secret not in str(house.database._state.sessions)


async def test_a_guessed_secret_is_nobody(house: House) -> None:
    assert await house.accounts.signed_in("guess") is None


async def test_one_account_is_tried_ten_times_and_then_every_half_minute(house: House) -> None:
    for number in range(10):
        await house.fail(1, address=f"198.51.100.{number}")
    with pytest.raises(TooManyTries) as refused:
        await house.accounts.sign_in(EMAIL, PASSWORD, "198.51.100.99")
    assert refused.value.wait_s == 30
    await house.clock.advance(30)
    assert (await house.accounts.sign_in(EMAIL, PASSWORD, "198.51.100.99"))[1] == house.ann


async def test_one_network_tries_twenty_times_and_then_every_ten_seconds(house: House) -> None:
    for number in range(20):
        await house.fail(1, email=f"guess{number}@example.org")
    with pytest.raises(TooManyTries) as refused:
        await house.accounts.sign_in("another@example.org", "wrong", HOME)
    assert refused.value.wait_s == 10


async def test_addresses_of_one_ipv6_customer_are_limited_together(house: House) -> None:
    for number in range(20):
        await house.fail(1, email=f"guess{number}@example.org", address=f"2001:db8::{number:x}")
    with pytest.raises(TooManyTries):
        await house.accounts.sign_in("another@example.org", "wrong", "2001:db8::ffff")
    await house.fail(1, email="another@example.org", address="2001:db8:0:1::1")


async def test_who_knows_the_password_is_never_limited(house: House) -> None:
    for _ in range(100):
        await house.accounts.sign_in(EMAIL, PASSWORD, HOME)


@pytest.mark.parametrize(
    ("email", "password", "zone", "says"),
    [
        ("ann", PASSWORD, "UTC", "is not an e-mail address"),
        ("a b@example.org", PASSWORD, "UTC", "is not an e-mail address"),
        ("bob@example.org", "short", "UTC", "8 to 1024 characters"),
        ("bob@example.org", PASSWORD, "Mars/Olympus", "is not a time zone"),
        ("bob@example.org", PASSWORD, "../etc/passwd", "is not a time zone"),
        ("ANN@example.org", PASSWORD, "UTC", "has an account already"),
    ],
)
async def test_a_bad_account_is_refused(
    house: House, email: str, password: str, zone: str, says: str
) -> None:
    with pytest.raises(BadAccount, match=says):
        await house.accounts.add(email, password, zone)
