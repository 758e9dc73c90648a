"""Asks again for what only the person knows, before anything that a stolen session must not do."""

import secrets

from backsight_cloud.account_ports import Tells
from backsight_cloud.domain.codes import recovery_code_hash
from backsight_cloud.domain.credentials import LONGEST_PASSWORD
from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.sealing import Seal
from backsight_cloud.domain.totp import DIGITS, step_of
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import Transaction
from backsight_cloud.services.limits import Limiter
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

_PASSWORDS = Limit(burst=10, seconds=30.0)  # wrong passwords of one account that is signed in
_CODES = Limit(burst=5, seconds=300.0)  # wrong codes of one account: a guess in a million each, 288 a day


class WrongPassword(NeedsAttention):
    """The password that was asked for again is not right."""


class WrongCode(NeedsAttention):
    """The one-time code is wrong, too old, or was used already."""


class PasswordProof:
    """The password, checked in the same time whether or not there is an account."""

    def __init__(self, passwords: Passwords, clock: Clock) -> None:
        self._passwords = passwords
        self._by_account = Limiter(_PASSWORDS, clock)
        self._nobodys_hash = ""

    async def ask(self, account: Account, password: str) -> None:
        """Of someone who is signed in. Raises WrongPassword or TooManyTries."""
        self._by_account.take(account.id)
        if not await self.right(account, password):
            raise WrongPassword("the password is wrong")
        self._by_account.give_back(account.id)

    async def right(self, account: Account | None, password: str) -> bool:
        """The same work for an unknown address, so that time does not tell who has an account."""
        if len(password) > LONGEST_PASSWORD:
            return False
        if account is not None:
            return await self._passwords.verify(account.password_hash, password)
        self._nobodys_hash = self._nobodys_hash or await self._passwords.hash(secrets.token_hex(8))
        await self._passwords.verify(self._nobodys_hash, password)
        return False


class CodeProof:
    """A one-time code, or a recovery code in its place; each is good for one time."""

    def __init__(self, seal: Seal, tells: Tells, clock: Clock) -> None:
        self._seal = seal
        self._tells = tells
        self._clock = clock
        self._by_account = Limiter(_CODES, clock)

    async def needed(self, tx: Transaction, account: Account) -> bool:
        factor = await tx.factors.factor(account.id)
        return factor is not None and factor.confirmed_ms is not None

    async def ask(self, tx: Transaction, account: Account, code: str) -> None:
        """Use the code up, where codes are asked for. Raises WrongCode or TooManyTries."""
        if not await self.needed(tx, account):
            return
        self._by_account.take(account.id)
        plain = "".join(code.split())
        right = self._is_one_time(plain) and await self.is_now(tx, account, plain)
        if not right and not await self._is_recovery_code(tx, account, code):
            raise WrongCode("the code is wrong, too old, or was used already: wait for the next one")
        self._by_account.give_back(account.id)

    async def is_now(self, tx: Transaction, account: Account, code: str) -> bool:
        """Whether an app that knows the secret shows this code now, and nobody used it. Raises Unsealable."""
        factor = await tx.factors.factor(account.id)
        if factor is None:
            return False
        secret = self._seal.open(factor.sealed, account.id)
        step = step_of(secret, code, self._clock.now_ms(), factor.last_step)
        return step is not None and await tx.factors.use_step(account.id, step)

    @staticmethod
    def _is_one_time(plain: str) -> bool:
        return len(plain) == DIGITS and plain.isascii() and plain.isdigit()

    async def _is_recovery_code(self, tx: Transaction, account: Account, code: str) -> bool:
        code_hash = recovery_code_hash(account.id, code)
        if not await tx.factors.use_recovery_code(account.id, code_hash):
            return False
        left = await tx.factors.recovery_codes_left(account.id)
        key = f"recovery_code_used:{code_hash[:16]}"
        await self._tells.tell(tx, "recovery_code_used", account, key, {"left": left})
        return True
