"""An invoice to be laid out in tests, and papers in memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from backsight_cloud.domain.calendar import moment_ms
from backsight_cloud.domain.documents import Paper, PaperCard, PaperKind, PaperLine

NEW_YORK = "America/New_York"


def at(local: str) -> int:
    """A moment, by the clock in New York."""
    return moment_ms(datetime.fromisoformat(local), NEW_YORK)


AN_INVOICE = Paper(
    kind=PaperKind.INVOICE,
    number="2026-000123",
    at_ms=at("2026-01-31T10:00"),
    zone=NEW_YORK,
    seller=("Backsight", "1 Main Street", "Springfield"),
    email="ann@example.org",
    currency="USD",
    lines=(
        PaperLine("Plus for Front door", 299, at("2026-01-31T10:00"), at("2026-02-28T10:00")),
        PaperLine("Premium", 999, at("2026-01-31T10:00"), at("2026-02-28T10:00")),
    ),
    credit_cents=182,
    card_cents=1116,
    card=PaperCard("Visa", "4242"),
    next_bill_ms=at("2026-02-28T10:00"),
)


class PaperState(Protocol):
    """Its table."""

    papers: dict[str, tuple[str, str, Paper]]  # by number: account, order


class FakePapers:
    """Implements the port `Papers`."""

    def __init__(self, state: PaperState) -> None:
        self._state = state

    async def keep(self, account: str, order: str, paper: Paper) -> None:
        if paper.number in self._state.papers:
            raise ValueError(f"{paper.number} is there already")
        self._state.papers[paper.number] = (account, order, paper)

    async def paper(self, account: str, number: str) -> Paper | None:
        owner, _, paper = self._state.papers.get(number, ("", "", None))
        return paper if owner == account else None

    async def of_account(
        self, account: str, limit: int, after: tuple[int, str] | None = None
    ) -> Sequence[Paper]:
        of_it = [paper for owner, _, paper in self._state.papers.values() if owner == account]
        of_it.sort(key=lambda paper: (paper.at_ms, paper.number), reverse=True)
        return [paper for paper in of_it if after is None or (paper.at_ms, paper.number) < after][:limit]

    async def invoice_of(self, account: str, order: str) -> str:
        for owner, key, paper in self._state.papers.values():
            if (owner, key, paper.kind) == (account, order, PaperKind.INVOICE):
                return paper.number
        return ""
