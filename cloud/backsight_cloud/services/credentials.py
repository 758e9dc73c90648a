"""Passwords and e-mail addresses change: proved by the old, confirmed by the new; sessions end with them."""

from dataclasses import replace

from backsight_cloud.account_ports import Tells
from backsight_cloud.domain.billing.events import ZoneChanged
from backsight_cloud.domain.credentials import (
    BadAccount,
    plain_email,
    refuse_bad_password,
    refuse_bad_zone,
)
from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.people import TokenKind
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.secret_tokens import hash_of
from backsight_cloud.domain.versions import ANY, Expected, tag_of
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import AlreadyThere, Database, Transaction
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.limits import Limiter, network_of
from backsight_cloud.services.links import Links
from backsight_cloud.services.proving import PasswordProof
from backsight_cloud.services.tokens import MailedTokens, TokenRefused
from backsight_shared.clock import Clock

_BY_NETWORK = Limit(burst=20, seconds=60.0)  # mails that one network asks for
_BY_EMAIL = Limit(burst=3, seconds=1200.0)  # mails to one address


def version_of(account: Account) -> str:
    """Another one as soon as something changes that its owner can change."""
    return tag_of(account.email, account.zone)


class Credentials:
    """What an account is known and opened by."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        proof: PasswordProof,
        tokens: MailedTokens,
        tells: Tells,
        links: Links,
        clock: Clock,
        billing: Billing | None = None,
    ) -> None:
        self._database = database
        self._billing = billing
        self._passwords = passwords
        self._proof = proof
        self._tokens = tokens
        self._tells = tells
        self._links = links
        self._clock = clock
        self._by_network = Limiter(_BY_NETWORK, clock)
        self._by_email = Limiter(_BY_EMAIL, clock)

    async def set_zone(self, account: Account, zone: str, expected: Expected = ANY) -> Account:
        """Raises BadAccount, or Stale."""
        refuse_bad_zone(zone)
        async with self._database.begin() as tx:
            before = await _still(tx, account)
            expected.refuse_stale(version_of(before))
            changed = replace(before, zone=zone)
            await tx.people.update_account(changed)
            if self._billing is not None:  # what begins from now on is billed by the new zone's time
                await self._billing.apply(tx, account.id, ZoneChanged(zone), self._clock.now_ms())
        return changed

    async def change_password(self, account: Account, current: str, new: str, here: str) -> int:
        """Every session but `here` ends; how many. Raises WrongPassword, BadAccount or TooManyTries."""
        refuse_bad_password(new, account.email)
        await self._proof.ask(account, current)
        password_hash = await self._passwords.hash(new)
        async with self._database.begin() as tx:
            await self._set_password(tx, await _still(tx, account), password_hash)
            return await tx.people.end_sessions(account.id, hash_of(here))

    async def forgotten(self, email: str, address: str) -> None:
        """Mails a link to whoever has this address; whether anyone has is not said. Raises TooManyTries."""
        email = plain_email(email)
        self._by_network.take(network_of(address))
        self._by_email.take(email)
        async with self._database.begin() as tx:
            account = await tx.people.account_by_email(email)
            if account is None or account.closing_ms is not None:
                return
            secret, until_ms = await self._tokens.make(tx, TokenKind.RESET, account)
            facts = {"link": self._links.reset(secret), "until_ms": until_ms}
            await self._tells.tell(tx, "reset_password", account, f"reset:{hash_of(secret)[:16]}", facts)

    async def reset(self, secret: str, new: str, address: str) -> Account:
        """Every session ends, and nobody is signed in by it: a second factor is asked for as ever.

        Whoever read the mail has shown that the address is theirs.
        Raises TokenRefused, BadAccount or TooManyTries.
        """
        refuse_bad_password(new)
        self._tokens.limit(address)
        password_hash = await self._passwords.hash(new)
        async with self._database.begin() as tx:
            account, _ = await self._tokens.take(tx, TokenKind.RESET, secret, address)
            confirmed_ms = account.confirmed_ms or self._clock.now_ms()
            changed = await self._set_password(tx, replace(account, confirmed_ms=confirmed_ms), password_hash)
            await tx.people.end_sessions(account.id)
        return changed

    async def change_address(self, account: Account, email: str, password: str) -> None:
        """Mails a link to the new address; whether it has an account already is not answered.

        Raises WrongPassword, BadAccount or TooManyTries.
        """
        email = plain_email(email)
        if email == account.email:
            raise BadAccount("this is your e-mail address already", "email")
        self._by_email.take(email)
        await self._proof.ask(account, password)
        async with self._database.begin() as tx:
            if await tx.people.account_by_email(email) is not None:
                return
            secret, until_ms = await self._tokens.make(tx, TokenKind.ADDRESS, account, email)
            facts = {"link": self._links.address(secret), "until_ms": until_ms, "new": email}
            key = f"address_changes:{hash_of(secret)[:16]}"
            await self._tells.tell(tx, "address_changes", account, key, facts, to=email)

    async def confirm_address(self, secret: str, address: str) -> Account:
        """The link in the mail to the new address was opened. Raises TokenRefused or TooManyTries."""
        self._tokens.limit(address)
        try:
            async with self._database.begin() as tx:
                account, email = await self._tokens.take(tx, TokenKind.ADDRESS, secret, address)
                changed = replace(account, email=email, confirmed_ms=self._clock.now_ms())
                await tx.people.update_account(changed)
                await tx.tokens.drop(account.id)  # mails to the old address open nothing any more
                key, facts = f"address_changed:{hash_of(secret)[:16]}", {"new": email}
                await self._tells.tell(tx, "address_changed", account, key, facts, to=account.email)
        except AlreadyThere as error:
            raise TokenRefused("this address has got an account of its own since") from error
        return changed

    async def _set_password(self, tx: Transaction, account: Account, password_hash: str) -> Account:
        now_ms = self._clock.now_ms()
        changed = replace(account, password_hash=password_hash, password_changed_ms=now_ms)
        await tx.people.update_account(changed)
        await tx.tokens.drop(account.id)
        key = f"password_changed:{account.id}:{now_ms}"
        await self._tells.tell(tx, "password_changed", changed, key, {"at_ms": now_ms})
        return changed


async def _still(tx: Transaction, account: Account) -> Account:
    """As it is in this transaction, if it still is what was asked about. Raises TokenRefused."""
    now = await tx.people.account(account.id)
    if now is None or now.closing_ms is not None or now.password_hash != account.password_hash:
        raise TokenRefused("this account has changed meanwhile: sign in again")
    return now
