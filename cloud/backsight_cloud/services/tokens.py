"""Makes and takes the single-use tokens that mails carry: only whoever reads the mail has one."""

from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.people import Token, TokenKind
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.secret_tokens import hash_of, new_secret
from backsight_cloud.ports import Transaction
from backsight_cloud.services.limits import Limiter, network_of
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention

LIFE_MS = {
    TokenKind.CONFIRM: 3 * 24 * 3_600_000,
    TokenKind.RESET: 3_600_000,
    TokenKind.ADDRESS: 24 * 3_600_000,
    TokenKind.SECOND_STEP: 5 * 60_000,
}

_BY_NETWORK = Limit(burst=20, seconds=10.0)  # tokens that were none, of one network


class TokenRefused(NeedsAttention):
    """The link was used already, is too old, or is none."""


class MailedTokens:
    """For links in mails."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_network = Limiter(_BY_NETWORK, clock)

    async def make(
        self, tx: Transaction, kind: TokenKind, account: Account, data: str = ""
    ) -> tuple[str, int]:
        """The secret, and until when it holds."""
        secret, expires_ms = new_secret(), self._clock.now_ms() + LIFE_MS[kind]
        await tx.tokens.add(Token(hash_of(secret), account.id, kind, expires_ms, data))
        return secret, expires_ms

    def limit(self, address: str) -> None:
        """Count a try of this network; raises TooManyTries."""
        self._by_network.take(network_of(address))

    async def take(self, tx: Transaction, kind: TokenKind, secret: str, address: str) -> tuple[Account, str]:
        """Use it up: whose it is, and its data. Raises TokenRefused."""
        token = await tx.tokens.use(kind, hash_of(secret), self._clock.now_ms())
        account = await tx.people.account(token.account) if token else None
        if token is None or account is None or account.closing_ms is not None:
            raise TokenRefused("this link was used already, or is too old, or none: ask for a new one")
        self._by_network.give_back(network_of(address))
        return account, token.data
