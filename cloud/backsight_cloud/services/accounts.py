"""Accounts: making one, signing in, staying signed in, signing out."""

import hashlib
import re
import secrets
from zoneinfo import ZoneInfo

from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.records import Account, Session
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import AlreadyThere, Database
from backsight_cloud.services.limits import Limiter, network_of
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

SESSION_LIFE_MS = 30 * 24 * 3_600_000
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024  # characters; hashing a longer one would cost us more than it protects

_BY_ADDRESS = Limit(burst=20, seconds=10.0)  # failed tries of one network address
_BY_ACCOUNT = Limit(burst=10, seconds=30.0)  # failed tries for one e-mail address, from anywhere
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}")


class SignInRefused(NeedsAttention):
    """E-mail address or password is wrong; which of them is not said."""


class BadAccount(NeedsAttention):
    """An account cannot be made like this; the text says why."""


class Accounts:
    """Who may see what: every page and call begins here."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._by_address = Limiter(_BY_ADDRESS, clock)
        self._by_account = Limiter(_BY_ACCOUNT, clock)
        self._nobodys_hash = ""

    async def add(self, email: str, password: str, zone: str) -> Account:
        """Make an account; raises BadAccount, also when the address is taken."""
        refuse_bad_account(email, password, zone)
        account = Account(
            id=secrets.token_hex(8),
            email=email.strip().lower(),
            password_hash=await self._passwords.hash(password),
            zone=zone,
            created_ms=self._clock.now_ms(),
        )
        try:
            async with self._database.begin() as transaction:
                await transaction.people.add_account(account)
        except AlreadyThere as error:
            raise BadAccount(f"{account.email} has an account already") from error
        return account

    async def sign_in(self, email: str, password: str, address: str) -> tuple[str, Account]:
        """The new session's secret, for a cookie. Raises SignInRefused or TooManyTries."""
        email, network = email.strip().lower(), network_of(address)
        self._by_address.take(network)
        self._by_account.take(email[:320])
        async with self._database.read() as view:
            account = await view.people.account_by_email(email)
        if not await self._right(account, password) or account is None:
            raise SignInRefused("e-mail address or password is wrong")
        self._by_address.give_back(network)
        self._by_account.give_back(email[:320])
        return await self._new_session(account), account

    async def signed_in(self, secret: str) -> Account | None:
        """Whose session this is, while it lasts."""
        async with self._database.read() as view:
            session = await view.people.session(_token_hash(secret))
            if session is None or session.expires_ms <= self._clock.now_ms():
                return None
            return await view.people.account(session.account)

    async def sign_out(self, secret: str) -> None:
        """End the session everywhere it is used."""
        async with self._database.begin() as transaction:
            await transaction.people.end_session(_token_hash(secret))

    async def forget_old_sessions(self) -> None:
        """Drop what has ended; being signed in does not depend on it."""
        async with self._database.begin() as transaction:
            await transaction.people.end_sessions_before(self._clock.now_ms())

    async def _right(self, account: Account | None, password: str) -> bool:
        """The same work for an unknown address, so that time does not tell who has an account."""
        if len(password) > LONGEST_PASSWORD:
            return False
        if account is not None:
            return await self._passwords.verify(account.password_hash, password)
        self._nobodys_hash = self._nobodys_hash or await self._passwords.hash(secrets.token_hex(8))
        await self._passwords.verify(self._nobodys_hash, password)
        return False

    async def _new_session(self, account: Account) -> str:
        secret, now_ms = secrets.token_urlsafe(32), self._clock.now_ms()
        session = Session(_token_hash(secret), account.id, now_ms, now_ms + SESSION_LIFE_MS)
        async with self._database.begin() as transaction:
            await transaction.people.add_session(session)
        return secret


def refuse_bad_account(email: str, password: str, zone: str) -> None:
    """Raises BadAccount."""
    if not _EMAIL.fullmatch(email.strip()):
        raise BadAccount(f"{email!r} is not an e-mail address")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadAccount(f"the password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise BadAccount(f'{zone!r} is not a time zone like "America/New_York"') from error


def _token_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
