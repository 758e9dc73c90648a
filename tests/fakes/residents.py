"""Ann and Bob with confirmed accounts, and everything that accounts consist of: the stage for their tests."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from backsight_cloud.domain.people import Role
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.totp import STEP_MS, code_at
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.accounts import SecondFactorNeeded
from backsight_cloud.services.people import PeopleServices, PeopleTerms, people_services
from backsight_cloud.services.wakes import Wakes
from fakes.clock import FakeClock
from fakes.database import FakeDatabase
from fakes.passwords import FakePasswords
from fakes.people import PEOPLE_TERMS
from fakes.tells import FakeTells

ANN, BOB, PASSWORD = "ann@example.org", "bob@example.org", "correct horse"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@dataclass
class FakeMoney:
    """Implements the port `ClosingMoney`."""

    refund: int = 0
    closed: list[str] = field(default_factory=list)

    async def preview(self, tx: Transaction, account: Account) -> Mapping[str, object]:
        return {"refund": self.refund}

    async def close(self, tx: Transaction, account: Account) -> None:
        self.closed.append(account.id)


class Residents:
    """`await Residents().moved_in()`."""

    def __init__(self, terms: PeopleTerms = PEOPLE_TERMS, database: Database | None = None) -> None:
        self.clock, self.wakes = FakeClock(), Wakes()
        self.database = database or FakeDatabase()
        self.passwords, self.tells, self.money = FakePasswords(), FakeTells(), FakeMoney()
        self.people: PeopleServices = people_services(
            self.database, self.passwords, terms, self.wakes, self.clock, self.tells, self.money
        )

    async def moved_in(self) -> "Residents":
        for email in (ANN, BOB):
            await self.people.accounts.add(email, PASSWORD, "Europe/Berlin")
        return self

    async def account(self, email: str = ANN) -> Account:
        async with self.database.read() as tx:
            found = await tx.people.account_by_email(email)
        assert found is not None
        return found

    async def change(self, email: str, **changes: Any) -> Account:
        """As a row of the database would be changed."""
        changed = replace(await self.account(email), **changes)
        async with self.database.begin() as tx:
            await tx.people.update_account(changed)
        return changed

    async def made_operator(self, email: str) -> Account:
        return await self.change(email, role=Role.OPERATOR)

    async def sign_in(self, email: str = ANN, password: str = PASSWORD, address: str = HOME) -> str:
        secret, _ = await self.people.accounts.sign_in(email, password, address, "Firefox on Linux")
        return secret

    async def is_in(self, secret: str) -> bool:
        return await self.people.accounts.signed_in(secret) is not None

    async def with_second_factor(self, email: str = ANN) -> tuple["Phone", tuple[str, ...]]:
        """The phone with the app, and the recovery codes."""
        account = await self.account(email)
        setup = await self.people.second_factors.begin(account, PASSWORD)
        phone = Phone(setup.secret, self.clock)
        codes = await self.people.second_factors.confirm(account, phone.code())
        await self.clock.advance(STEP_MS / 1000)
        return phone, codes

    async def challenge(self, email: str = ANN) -> str:
        """What the right password gives, when a code is needed as well."""
        with pytest.raises(SecondFactorNeeded) as needed:
            await self.sign_in(email)
        return needed.value.challenge


class Phone:
    """An authenticator app, which knows nothing but the secret as it is typed, and the time."""

    def __init__(self, typed: str, clock: FakeClock) -> None:
        self._secret = base64.b32decode(typed + "=" * (-len(typed) % 8))
        self._clock = clock

    def code(self, steps: int = 0) -> str:
        """Now, or so many steps of half a minute from now."""
        return code_at(self._secret, self._clock.now_ms() // STEP_MS + steps)
