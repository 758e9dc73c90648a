"""Puts what people are to be told into the outbox, in the transaction in which it happens."""

from collections.abc import Mapping
from dataclasses import dataclass

from backsight_cloud.domain.notices import Notice
from backsight_cloud.domain.records import Account
from backsight_cloud.ports import Transaction
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock


@dataclass(frozen=True, slots=True)
class MailTells:
    """Implements the port `Tells`."""

    wakes: Wakes
    clock: Clock

    async def tell(
        self,
        tx: Transaction,
        kind: str,
        account: Account,
        key: str,
        facts: Mapping[str, object],
        to: str = "",
    ) -> None:
        """Raises BadNotice for facts that do not fit the kind."""
        await tx.outbox.add(Notice(account.id, kind, key, self.clock.now_ms(), facts, to))
        self.wakes.mail.set()
