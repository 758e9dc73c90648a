"""What accounts need from the rest of the service: that people are told, and that money is settled."""

from collections.abc import Mapping
from typing import Protocol

from backsight_cloud.domain.records import Account
from backsight_cloud.ports import Transaction


class Tells(Protocol):
    """Tells people by mail, in the transaction in which it happens: what is undone is not told."""

    async def tell(
        self,
        tx: Transaction,
        kind: str,
        account: Account,
        key: str,
        facts: Mapping[str, object],
        to: str = "",
    ) -> None:
        """Once for each key. `to` is an e-mail address, if it is another than the account's."""
        ...


class ClosingMoney(Protocol):
    """What an account that closes still owes or gets."""

    async def preview(self, tx: Transaction, account: Account) -> Mapping[str, object]:
        """What would be refunded and what ends, as it is shown before; the same until something changes."""
        ...

    async def close(self, tx: Transaction, account: Account) -> None:
        """End what is paid for, and refund it; the mail that says so still knows the address."""
        ...


class TellsNobody:
    """Implements `Tells` where there is no mail."""

    async def tell(
        self,
        tx: Transaction,
        kind: str,
        account: Account,
        key: str,
        facts: Mapping[str, object],
        to: str = "",
    ) -> None: ...


class NoMoney:
    """Implements `ClosingMoney` where nothing is charged."""

    async def preview(self, tx: Transaction, account: Account) -> Mapping[str, object]:
        return {}

    async def close(self, tx: Transaction, account: Account) -> None: ...


TELLS_NOBODY = TellsNobody()
