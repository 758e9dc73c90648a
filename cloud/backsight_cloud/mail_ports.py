"""What mail needs of the outside: an outbox in the database, and something that delivers letters."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.notices import Notice
from backsight_shared.errors import NeedsAttention, TryLater


class MailUnavailable(TryLater):
    """The mail server is not there, or does not take mail from us now."""


class AddressRefused(NeedsAttention):
    """The mail server says that there is no such address, or that it never takes this letter."""


class NotNow(TryLater):
    """The mail server does not take this letter now; others it may."""


class MailState(StrEnum):
    """What became of a mail."""

    WAITING = "waiting"  # to be sent, for the first time or again
    SENT = "sent"  # the next server has it
    BOUNCED = "bounced"  # it was refused for good
    GIVEN_UP = "given_up"  # it was tried for days
    UNWANTED = "unwanted"  # its owner, or cloud.toml, wants no mail of this kind

    @property
    def is_failed(self) -> bool:
        return self in (MailState.BOUNCED, MailState.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Mail:
    """A row of the outbox. Once it is settled its secrets are gone, and after some time its facts."""

    id: str
    account: str
    kind: str
    at_ms: int  # when what it tells happened
    to: str
    zone: str  # of the account, when it was added
    facts: Mapping[str, Any] = field(repr=False)
    names: Mapping[str, str] = field(repr=False)  # of cameras among the facts, as they were called then
    state: MailState = MailState.WAITING
    due_ms: int = 0  # when it is tried next
    wanted_ms: int = 0  # since when it is tried
    tries: int = 0
    claims: int = 0  # like `tries`, but never begins anew: tells whose claim is the newest
    round: int = 1  # counts how often an operator let it be sent again
    settled_ms: int | None = None
    trouble: str = ""  # what the last try came to


class Outbox(Protocol):
    """Mail that is to be sent, once; claimed with a lease, so that workers can share it."""

    async def add(self, notice: Notice) -> bool:
        """False when there was one with this key. Raises OwnerMissing when there is no such account."""
        ...

    async def claim(self, limit: int, now_ms: int, lease_ms: int) -> Sequence[Mail]:
        """Those that are due, the longest first, for this worker until the lease ends. It counts as a try."""
        ...

    async def settle(self, mail: Mail, state: MailState, now_ms: int, trouble: str = "") -> None:
        """It came to this. Nothing changes when another worker has claimed it since."""
        ...

    async def put_off(self, mail: Mail, due_ms: int, trouble: str) -> None:
        """To be tried then. Nothing changes when another worker has claimed it since."""
        ...

    async def again(self, mail_id: str, now_ms: int) -> bool:
        """Send it (again), to the address that the account has now. False when there is none like it.

        One that waits is due at once.
        """
        ...

    async def mail(self, mail_id: str) -> Mail | None: ...
    async def mails(
        self,
        limit: int,
        *,
        account: str | None = None,
        failed: bool = False,
        after: tuple[int, str] | None = None,
    ) -> Sequence[Mail]:
        """The newest first, from behind one's (`at_ms`, `id`)."""
        ...

    async def next_due_ms(self) -> int | None:
        """When the first of those that wait is due, or its lease ends."""
        ...

    async def waiting(self) -> int: ...
    async def forget_before(self, moment_ms: int) -> int:
        """What was said and to whom, in mails settled before then or of a closed account; how many."""
        ...

    async def unsubscribe(self, account: str, kind: str, now_ms: int) -> None: ...
    async def subscribe(self, account: str, kind: str) -> None: ...
    async def unsubscribed(self, account: str) -> set[str]:
        """The kinds that the account wants no mail of."""
        ...


class Postman(Protocol):
    """Delivers letters, one after the other."""

    async def deliver(self, letter: Letter) -> None:
        """Returns when somebody else answers for it. Raises AddressRefused, NotNow or MailUnavailable."""
        ...


class Mailer(Protocol):
    """The way that mail takes."""

    def on_the_way(self) -> AbstractAsyncContextManager[Postman]:
        """A connection for many letters. Raises MailUnavailable."""
        ...


class Writer(Protocol):
    """Makes the letter of a mail."""

    def letter(self, mail: Mail) -> Letter: ...
