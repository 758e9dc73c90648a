"""People make their own account: everyone is answered the same, and the mail says more to who reads it."""

from dataclasses import replace

from backsight_cloud.account_ports import Tells
from backsight_cloud.domain.credentials import plain_email
from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.people import TokenKind
from backsight_cloud.domain.records import Account
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.accounts import new_account_id, refuse_bad_account
from backsight_cloud.services.limits import Limiter, network_of
from backsight_cloud.services.links import Links
from backsight_cloud.services.tokens import MailedTokens
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

_BY_NETWORK = Limit(burst=20, seconds=60.0)  # sign-ups of one network
_BY_EMAIL = Limit(burst=3, seconds=1200.0)  # mails to one address: nobody is to be flooded by us


class SignUpClosed(NeedsAttention):
    """Accounts are made by the operator here."""


class SigningUp:
    """From an e-mail address and a password to a confirmed account."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        tokens: MailedTokens,
        tells: Tells,
        links: Links,
        clock: Clock,
        *,
        is_open: bool = True,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._tokens = tokens
        self._tells = tells
        self._links = links
        self._clock = clock
        self._is_open = is_open
        self._by_network = Limiter(_BY_NETWORK, clock)
        self._by_email = Limiter(_BY_EMAIL, clock)

    async def sign_up(self, email: str, password: str, zone: str, address: str) -> None:
        """Nothing is answered that depends on whether there is an account: the mail says it.

        Raises SignUpClosed, BadAccount or TooManyTries.
        """
        if not self._is_open:
            raise SignUpClosed("accounts are made by the operator of this service: ask there")
        refuse_bad_account(email, password, zone)
        email = plain_email(email)
        self._by_network.take(network_of(address))
        self._by_email.take(email)
        password_hash = await self._passwords.hash(password)
        async with self._database.begin() as tx:
            account = await tx.people.account_by_email(email)
            if account is None:
                account = Account(new_account_id(), email, password_hash, zone, self._clock.now_ms())
                await tx.people.add_account(account)
            await self._answer(tx, account, password_hash)

    async def send_again(self, account: Account) -> None:
        """Another confirming mail, with the password as it is. Raises TooManyTries."""
        self._by_email.take(account.email)
        async with self._database.begin() as tx:
            if account.confirmed_ms is None:
                await self._answer(tx, account, account.password_hash)

    async def confirm(self, secret: str, address: str) -> Account:
        """The link was opened, so the address is theirs. Raises TokenRefused or TooManyTries.

        Whoever confirms has the password of the sign-up that the mail belongs to: someone else may have
        signed up before with an address that is not theirs, and must not keep a way in.
        """
        self._tokens.limit(address)
        async with self._database.begin() as tx:
            account, password_hash = await self._tokens.take(tx, TokenKind.CONFIRM, secret, address)
            if password_hash != account.password_hash:
                await tx.people.end_sessions(account.id)
                await tx.tokens.drop(account.id)
            now_ms = self._clock.now_ms()
            confirmed = replace(account, password_hash=password_hash, confirmed_ms=now_ms)
            await tx.people.update_account(confirmed)
        return confirmed

    async def _answer(self, tx: Transaction, account: Account, password_hash: str) -> None:
        now_ms = self._clock.now_ms()
        if account.confirmed_ms is not None:
            facts: dict[str, object] = {"link": self._links.sign_in, "at_ms": now_ms}
            key = f"account_exists:{account.id}:{now_ms}"
            await self._tells.tell(tx, "account_exists", account, key, facts)
            return
        secret, until_ms = await self._tokens.make(tx, TokenKind.CONFIRM, account, password_hash)
        facts = {"link": self._links.confirm(secret), "until_ms": until_ms}
        await self._tells.tell(tx, "confirm_address", account, f"confirm:{account.id}:{now_ms}", facts)
