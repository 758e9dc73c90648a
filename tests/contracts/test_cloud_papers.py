"""What was issued is kept as it was, is found by its account alone, and the newest comes first."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.documents import Paper, PaperKind
from backsight_cloud.ports import Database
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, move_in
from fakes.papers import AN_INVOICE

LATER = replace(AN_INVOICE, number="2026-000124", at_ms=AN_INVOICE.at_ms + 1)
CREDIT_NOTE = replace(LATER, kind=PaperKind.CREDIT_NOTE, number="C2026-000001", refers_to=AN_INVOICE.number)


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase()
        await move_in(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await move_in(opened)
        yield opened


async def kept(database: Database, *papers: Paper, account: str = ANNA, order: str = "o1") -> None:
    async with database.begin() as tx:
        for paper in papers:
            await tx.papers.keep(account, order, paper)


async def test_it_is_found_as_it_was_issued(database: Database) -> None:
    await kept(database, AN_INVOICE, CREDIT_NOTE)
    async with database.read() as tx:
        assert await tx.papers.paper(ANNA, AN_INVOICE.number) == AN_INVOICE
        assert await tx.papers.paper(ANNA, CREDIT_NOTE.number) == CREDIT_NOTE


async def test_there_is_none_of_another_account_or_number(database: Database) -> None:
    await kept(database, AN_INVOICE)
    async with database.read() as tx:
        assert await tx.papers.paper(BERT, AN_INVOICE.number) is None
        assert await tx.papers.paper(ANNA, "2026-000999") is None
        assert await tx.papers.of_account(BERT, 10) == []
        assert await tx.papers.invoice_of(BERT, "o1") == ""


async def test_the_newest_comes_first_and_of_one_moment_the_highest_number(database: Database) -> None:
    await kept(database, LATER, AN_INVOICE, CREDIT_NOTE)
    async with database.read() as tx:
        found = await tx.papers.of_account(ANNA, 10)
    assert [paper.number for paper in found] == ["C2026-000001", "2026-000124", "2026-000123"]


async def test_a_page_begins_behind_the_one_before_it(database: Database) -> None:
    await kept(database, LATER, AN_INVOICE, CREDIT_NOTE)
    async with database.read() as tx:
        first = await tx.papers.of_account(ANNA, 2)
        rest = await tx.papers.of_account(ANNA, 2, (first[-1].at_ms, first[-1].number))
    assert [paper.number for paper in (*first, *rest)] == ["C2026-000001", "2026-000124", "2026-000123"]


async def test_the_invoice_of_a_charge_is_found_and_never_a_credit_note(database: Database) -> None:
    await kept(database, CREDIT_NOTE)
    async with database.read() as tx:
        assert await tx.papers.invoice_of(ANNA, "o1") == ""
    await kept(database, AN_INVOICE)
    async with database.read() as tx:
        assert await tx.papers.invoice_of(ANNA, "o1") == AN_INVOICE.number
        assert await tx.papers.invoice_of(ANNA, "o2") == ""


async def test_a_number_is_given_once(database: Database) -> None:
    await kept(database, AN_INVOICE)
    with pytest.raises(Exception):  # noqa: B017 - whatever the database calls it
        await kept(database, AN_INVOICE, account=BERT)
