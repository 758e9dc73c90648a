"""Invoices and credit notes: how they are kept as they were issued, and how they are laid out."""

from collections.abc import Sequence
from typing import Protocol

from backsight_cloud.domain.documents import Paper


class Papers(Protocol):
    """Papers as they were issued. They are never changed."""

    async def keep(self, account: str, order: str, paper: Paper) -> None:
        """`order`: the key of the charge that it is about, or nothing."""
        ...

    async def paper(self, account: str, number: str) -> Paper | None: ...

    async def of_account(
        self, account: str, limit: int, after: tuple[int, str] | None = None
    ) -> Sequence[Paper]:
        """The newest first; `after`: moment and number of the one before the first."""
        ...

    async def invoice_of(self, account: str, order: str) -> str:
        """The number of the invoice of this charge, or nothing."""
        ...


class Printer(Protocol):
    """Lays out a paper; the same one always to the same bytes, on a machine with the same fonts."""

    @property
    def policy(self) -> str:
        """The Content-Security-Policy that the HTML needs: its own style, and nothing from anywhere."""
        ...

    def html(self, paper: Paper) -> str:
        """A whole page, for a screen and for paper."""
        ...

    async def pdf(self, paper: Paper) -> bytes: ...
