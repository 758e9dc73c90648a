"""Mails that are remembered instead of sent: once for each key, as the outbox does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backsight_cloud.domain.records import Account
from backsight_cloud.ports import Transaction


@dataclass(frozen=True)
class Told:
    """One mail."""

    kind: str
    account: str
    to: str
    facts: Mapping[str, Any]

    @property
    def token(self) -> str:
        """What the link in it carries."""
        return str(self.facts["link"]).rpartition("/")[2]


@dataclass
class FakeTells:
    """Implements the port `Tells`. Unlike the outbox it does not forget what a transaction undoes."""

    told: dict[str, Told] = field(default_factory=dict)

    async def tell(
        self,
        tx: Transaction,
        kind: str,
        account: Account,
        key: str,
        facts: Mapping[str, object],
        to: str = "",
    ) -> None:
        self.told.setdefault(key, Told(kind, account.id, to or account.email, dict(facts)))

    def of(self, kind: str) -> list[Told]:
        """In the order in which they were told."""
        return [told for told in self.told.values() if told.kind == kind]

    def last(self, kind: str) -> Told:
        return self.of(kind)[-1]

    @property
    def kinds(self) -> list[str]:
        return [told.kind for told in self.told.values()]
