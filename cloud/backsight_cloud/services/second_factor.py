"""A second factor: set up with an app, shown to work before it counts, taken away only by who has both."""

from dataclasses import dataclass, field, replace

from backsight_cloud.account_ports import Tells
from backsight_cloud.domain.codes import make_recovery_code, recovery_code_hash
from backsight_cloud.domain.people import SecondFactor
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.sealing import Seal
from backsight_cloud.domain.totp import new_secret, typed, uri
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.proving import CodeProof, PasswordProof, WrongCode
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

RECOVERY_CODES = 10
ISSUER = "Backsight"


class FactorIsOn(NeedsAttention):
    """There is a second factor already."""


class FactorIsOff(NeedsAttention):
    """There is no second factor."""


class ConfirmFirst(NeedsAttention):
    """The e-mail address must be confirmed before: else a stranger could lock its owner out."""


@dataclass(frozen=True, slots=True)
class FactorState:
    """What may be shown of it."""

    is_on: bool
    since_ms: int | None
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class FactorSetup:
    """Shown once, to be put into an app."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class SecondFactors:
    """For whoever is signed in."""

    def __init__(
        self,
        database: Database,
        seal: Seal,
        proof: PasswordProof,
        codes: CodeProof,
        tells: Tells,
        clock: Clock,
    ) -> None:
        self._database = database
        self._seal = seal
        self._proof = proof
        self._codes = codes
        self._tells = tells
        self._clock = clock

    async def state(self, account: Account) -> FactorState:
        async with self._database.read() as tx:
            factor = await tx.factors.factor(account.id)
            left = await tx.factors.recovery_codes_left(account.id)
        since_ms = factor.confirmed_ms if factor else None
        return FactorState(since_ms is not None, since_ms, left)

    async def begin(self, account: Account, password: str) -> FactorSetup:
        """A new secret; it counts when a code of it was shown.

        Raises FactorIsOn, ConfirmFirst, WrongPassword or TooManyTries.
        """
        if account.confirmed_ms is None:
            raise ConfirmFirst("confirm your e-mail address first, with the link that was mailed to you")
        await self._proof.ask(account, password)
        secret = new_secret()
        async with self._database.begin() as tx:
            if await self._codes.needed(tx, account):
                raise FactorIsOn("one-time codes are asked for already: take that away first")
            await tx.factors.put(SecondFactor(account.id, self._seal.close(secret, account.id)))
        return FactorSetup(typed(secret), uri(secret, account.email, ISSUER))

    async def confirm(self, account: Account, code: str) -> tuple[str, ...]:
        """From now on codes are asked for. The recovery codes, to be shown once.

        Raises FactorIsOn, FactorIsOff or WrongCode.
        """
        async with self._database.begin() as tx:
            if await self._codes.needed(tx, account):
                raise FactorIsOn("one-time codes are asked for already")
            if await tx.factors.factor(account.id) is None:
                raise FactorIsOff("there is no secret to show a code of yet: begin the set-up first")
            if not await self._codes.is_now(tx, account, "".join(code.split())):
                raise WrongCode("this is not the code that an app with this secret shows now")
            now_ms, factor = self._clock.now_ms(), await tx.factors.factor(account.id)
            if factor is not None:
                await tx.factors.put(replace(factor, confirmed_ms=now_ms))
            await self._tell(tx, "second_factor_on", account)
            return await _new_codes(tx, account)

    async def take_away(self, account: Account, password: str, code: str) -> None:
        """Raises FactorIsOff, WrongPassword, WrongCode or TooManyTries."""
        await self._proof.ask(account, password)
        async with self._database.begin() as tx:
            await self._ask(tx, account, code)
            await tx.factors.remove(account.id)
            await self._tell(tx, "second_factor_off", account)

    async def new_recovery_codes(self, account: Account, password: str, code: str) -> tuple[str, ...]:
        """The old ones are worth nothing any more. Raises as `take_away`."""
        await self._proof.ask(account, password)
        async with self._database.begin() as tx:
            await self._ask(tx, account, code)
            return await _new_codes(tx, account)

    async def _ask(self, tx: Transaction, account: Account, code: str) -> None:
        if not await self._codes.needed(tx, account):
            raise FactorIsOff("no one-time codes are asked for")
        await self._codes.ask(tx, account, code)

    async def _tell(self, tx: Transaction, kind: str, account: Account) -> None:
        now_ms = self._clock.now_ms()
        await self._tells.tell(tx, kind, account, f"{kind}:{account.id}:{now_ms}", {"at_ms": now_ms})


async def _new_codes(tx: Transaction, account: Account) -> tuple[str, ...]:
    codes = tuple(make_recovery_code() for _ in range(RECOVERY_CODES))
    await tx.factors.replace_recovery_codes(
        account.id, [recovery_code_hash(account.id, code) for code in codes]
    )
    return codes
