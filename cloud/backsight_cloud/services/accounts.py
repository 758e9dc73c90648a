"""Accounts: making one, signing in, staying signed in, signing out."""

import secrets
from contextlib import suppress
from dataclasses import replace

from backsight_cloud.account_ports import TELLS_NOBODY, Tells
from backsight_cloud.domain.credentials import (
    LONGEST_EMAIL,
    BadAccount,
    plain_email,
    refuse_bad_password,
    refuse_bad_zone,
)
from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.people import Token, TokenKind
from backsight_cloud.domain.records import Account, Session
from backsight_cloud.domain.sealing import Seal
from backsight_cloud.domain.secret_tokens import hash_of, new_secret
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import AlreadyThere, Database, Transaction
from backsight_cloud.services.limits import Limiter, network_of
from backsight_cloud.services.proving import CodeProof, PasswordProof, WrongCode
from backsight_cloud.services.tokens import LIFE_MS
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention, TryLater

SESSION_LIFE_MS = 30 * 24 * 3_600_000
SEEN_EVERY_MS = 10 * 60_000  # how exactly it is known when a session was used last

_BY_ADDRESS = Limit(burst=20, seconds=10.0)  # failed tries of one network address
_BY_ACCOUNT = Limit(burst=10, seconds=30.0)  # failed tries for one e-mail address, from anywhere


class SignInRefused(NeedsAttention):
    """E-mail address or password is wrong; which of them is not said."""


class SecondStepOver(SignInRefused):
    """The challenge has ended, or is none: the password is needed again."""


class AddressNotConfirmed(NeedsAttention):
    """The password is right, but nobody has shown yet that the e-mail address is theirs."""


class SecondFactorNeeded(NeedsAttention):
    """The password is right; `challenge` and a one-time code sign in, until `expires_ms`."""

    def __init__(self, challenge: str, expires_ms: int) -> None:
        super().__init__("the password is right: now a one-time code, or a recovery code")
        self.challenge = challenge
        self.expires_ms = expires_ms


class Accounts:
    """Who may see what: every page and call begins here."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        clock: Clock,
        tells: Tells = TELLS_NOBODY,
        codes: CodeProof | None = None,
        *,
        confirmed_only: bool = False,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._tells = tells
        self._confirmed_only = confirmed_only
        self._proof = PasswordProof(passwords, clock)
        self._codes = codes or CodeProof(Seal(secrets.token_bytes(32)), tells, clock)  # opens nobody's
        self._by_address = Limiter(_BY_ADDRESS, clock)
        self._by_account = Limiter(_BY_ACCOUNT, clock)

    async def add(self, email: str, password: str, zone: str) -> Account:
        """An account that an operator vouches for; raises BadAccount, also when the address is taken."""
        refuse_bad_account(email, password, zone)
        now_ms = self._clock.now_ms()
        account = Account(
            id=new_account_id(),
            email=plain_email(email),
            password_hash=await self._passwords.hash(password),
            zone=zone,
            created_ms=now_ms,
            confirmed_ms=now_ms,
        )
        try:
            async with self._database.begin() as transaction:
                await transaction.people.add_account(account)
        except AlreadyThere as error:
            raise BadAccount(f"{account.email} has an account already", "email") from error
        return account

    async def sign_in(
        self, email: str, password: str, address: str, browser: str = ""
    ) -> tuple[str, Account]:
        """The new session's secret, for a cookie.

        Raises SignInRefused, AddressNotConfirmed, SecondFactorNeeded or TooManyTries.
        """
        account = await self._with_password(email, password, address)
        if self._confirmed_only and account.confirmed_ms is None:
            raise AddressNotConfirmed("confirm your e-mail address first, with the link in the mail to you")
        async with self._database.begin() as tx:
            needed = await self._codes.needed(tx, account)
            challenge = await self._challenge(tx, account) if needed else None
            secret = "" if needed else await self._new_session(tx, account, address, browser)
        if challenge is not None:
            raise challenge
        return secret, account

    async def second_step(
        self, challenge: str, code: str, address: str, browser: str = ""
    ) -> tuple[str, Account]:
        """The same with a challenge and a code. Raises SignInRefused or TooManyTries."""
        network = network_of(address)
        self._by_address.take(network)
        async with self._database.begin() as tx:
            token = await tx.tokens.token(TokenKind.SECOND_STEP, hash_of(challenge), self._clock.now_ms())
            account = await tx.people.account(token.account) if token else None
            if token is None or account is None:
                raise SecondStepOver("this sign-in took too long: begin again with the password")
            try:
                await self._codes.ask(tx, account, code)
            except WrongCode as error:
                raise SignInRefused(str(error)) from error
            await tx.tokens.use(token.kind, token.token_hash, self._clock.now_ms())
            secret = await self._new_session(tx, account, address, browser)
        self._by_address.give_back(network)
        return secret, account

    async def signed_in(self, secret: str) -> Account | None:
        """Whose session this is, while it lasts."""
        token_hash, now_ms = hash_of(secret), self._clock.now_ms()
        async with self._database.read() as view:
            session = await view.people.session(token_hash)
            if session is None or session.expires_ms <= now_ms:
                return None
            account = await view.people.account(session.account)
        if account is None or account.closing_ms is not None:
            return None
        if now_ms - session.seen_ms >= SEEN_EVERY_MS:
            await self._note_seen(token_hash, now_ms)
        return account

    async def sign_out(self, secret: str) -> None:
        """End the session everywhere it is used."""
        async with self._database.begin() as transaction:
            await transaction.people.end_session(hash_of(secret))

    async def forget_old_sessions(self) -> None:
        """Drop what has ended; being signed in, links and invitations do not depend on it."""
        now_ms = self._clock.now_ms()
        async with self._database.begin() as transaction:
            await transaction.people.end_sessions_before(now_ms)
            await transaction.tokens.drop_before(now_ms)
            await transaction.shares.drop_invitations_before(now_ms)

    async def _with_password(self, email: str, password: str, address: str) -> Account:
        """Whose address and password this is. Raises SignInRefused or TooManyTries."""
        # A database may refuse to look for a zero byte; nobody's address has one.
        email, network = email.replace("\0", "").strip().lower()[:LONGEST_EMAIL], network_of(address)
        self._by_address.take(network)
        self._by_account.take(email)
        async with self._database.read() as view:
            account = await view.people.account_by_email(email)
        right = await self._proof.right(account, password)
        if not right or account is None or account.closing_ms is not None:
            raise SignInRefused("e-mail address or password is wrong")
        self._by_address.give_back(network)
        self._by_account.give_back(email)
        return account

    async def _challenge(self, tx: Transaction, account: Account) -> SecondFactorNeeded:
        secret, expires_ms = new_secret(), self._clock.now_ms() + LIFE_MS[TokenKind.SECOND_STEP]
        await _same_password(tx, account)
        await tx.tokens.add(Token(hash_of(secret), account.id, TokenKind.SECOND_STEP, expires_ms))
        return SecondFactorNeeded(secret, expires_ms)

    async def _new_session(self, tx: Transaction, account: Account, address: str, browser: str) -> str:
        await _same_password(tx, account)
        secret, now_ms = new_secret(), self._clock.now_ms()
        session = Session(hash_of(secret), account.id, now_ms, now_ms + SESSION_LIFE_MS)
        session = replace(
            session, id=secrets.token_hex(8), seen_ms=now_ms, browser=browser, address=address[:64]
        )
        others = await tx.people.sessions(account.id)
        await tx.people.add_session(session)
        if not any(_same_place(session, other) for other in others):
            facts = {"at_ms": now_ms, "address": session.address, "browser": browser}
            await self._tells.tell(tx, "new_sign_in", account, f"new_sign_in:{session.id}", facts)
        return secret

    async def _note_seen(self, token_hash: str, now_ms: int) -> None:
        """That a session was used is worth nothing if it holds up what it is used for."""
        with suppress(TryLater):
            async with self._database.begin() as tx:
                await tx.people.note_seen(token_hash, now_ms)


def new_account_id() -> str:
    return secrets.token_hex(8)


def refuse_bad_account(email: str, password: str, zone: str) -> None:
    """Raises BadAccount."""
    refuse_bad_password(password, plain_email(email))
    refuse_bad_zone(zone)


async def _same_password(tx: Transaction, account: Account) -> None:
    """One that was changed while we looked at the old one lets nobody in any more."""
    now = await tx.people.account(account.id)
    if now is None or now.password_hash != account.password_hash or now.closing_ms is not None:
        raise SignInRefused("e-mail address or password is wrong")


def _same_place(one: Session, other: Session) -> bool:
    return (one.browser, network_of(one.address)) == (other.browser, network_of(other.address))
