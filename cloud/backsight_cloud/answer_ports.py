"""What is kept of answers, so that the same request with the same key gets the same answer again."""

from dataclasses import dataclass, field
from typing import Protocol

from backsight_shared.errors import TryLater


class ClaimLost(TryLater):
    """It took so long that the same request, sent again, has taken its place."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that is being answered. `token` is this attempt's own."""

    account: str
    key: str
    fingerprint: str  # of the request: another one may not use the key
    token: str
    claimed_ms: int
    until_ms: int  # then it is taken for dead, and the same request may begin anew


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of an earlier request with this key; `status` is None while there is no answer."""

    fingerprint: str
    token: str
    until_ms: int
    status: int | None = None
    body: str = field(default="", repr=False)


class Answers(Protocol):
    """Requests that move money, by account and key."""

    async def claim(self, claim: Claim) -> Given | None:
        """None: it is ours to answer. Else what is there: an answer, a living attempt, another request."""
        ...

    async def remember(self, claim: Claim, status: int, body: str) -> None:
        """The answer, in the transaction of what it answers. Raises ClaimLost, which undoes that."""
        ...

    async def release(self, claim: Claim) -> None:
        """This attempt has ended without an answer: the same request may begin anew at once."""
        ...

    async def forget_claimed_before(self, moment_ms: int) -> None: ...
