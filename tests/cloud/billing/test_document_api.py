"""An owner's invoices are theirs alone: listed, as pages, and as PDF, just as they were issued."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession
from pypdf import PdfReader

from backsight_cloud.adapters.documents.printer import PagePrinter
from backsight_cloud.config import Settings
from backsight_cloud.domain.billing.care import CardOnFile, Care
from backsight_cloud.domain.billing.sheet import Document, Item
from backsight_cloud.services.papers import issue_paper
from fakes.clock import FakeClock
from fakes.cloud_site import CloudSite, cloud_site, get, get_bytes
from fakes.household import ANNA, BERT, DOOR, an_account
from fakes.papers import AN_INVOICE

NUMBER = AN_INVOICE.number
LATER = replace(AN_INVOICE, number="2026-000124", at_ms=AN_INVOICE.at_ms + 1)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[CloudSite]:
    async with cloud_site(tmp_path, FakeClock()) as made:
        async with made.database.begin() as tx:
            await tx.papers.keep(ANNA, "o1", AN_INVOICE)
            await tx.papers.keep(ANNA, "o2", LATER)
        yield made


@pytest.fixture
async def anna(site: CloudSite) -> ClientSession:
    return await site.signed_in(ANNA)


async def test_the_list_has_the_newest_first_and_goes_on(anna: ClientSession) -> None:
    _, first = await get(anna, "/v1/documents?limit=1")
    assert [one["number"] for one in first["documents"]] == [LATER.number]
    _, rest = await get(anna, f"/v1/documents?limit=1&cursor={first['next']}")
    assert ([one["number"] for one in rest["documents"]], rest["next"]) == ([NUMBER], None)


async def test_one_says_its_sums_and_where_it_can_be_read(anna: ClientSession) -> None:
    status, shown = await get(anna, f"/v1/documents/{NUMBER}")
    assert status == 200
    assert (shown["total_cents"], shown["credit_cents"], shown["card_cents"]) == (1298, 182, 1116)
    assert (shown["kind"], shown["card"], shown["currency"]) == ("invoice", "Visa 4242", "USD")
    assert shown["pdf"] == f"/v1/documents/{NUMBER}/paper.pdf"


async def test_the_page_has_a_policy_that_fits_its_style(anna: ClientSession) -> None:
    async with anna.get(f"/v1/documents/{NUMBER}/paper.html") as answer:
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"] == PagePrinter().policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Charged to Visa ending in 4242" in await answer.text()


async def test_the_pdf_can_be_kept_under_its_number(anna: ClientSession) -> None:
    async with anna.get(f"/v1/documents/{NUMBER}/paper.pdf") as answer:
        assert answer.content_type == "application/pdf"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="invoice-{NUMBER}.pdf"'
    body = await get_bytes(anna, f"/v1/documents/{NUMBER}/paper.pdf")
    assert NUMBER in PdfReader(io.BytesIO(body)).pages[0].extract_text()


@pytest.mark.parametrize("path", ["", "/paper.html", "/paper.pdf"])
async def test_anothers_does_not_exist(site: CloudSite, path: str) -> None:
    bert = await site.signed_in(BERT)
    theirs = await get(bert, f"/v1/documents/{NUMBER}{path}")
    nobodys = await get(bert, f"/v1/documents/2026-999999{path}")
    assert theirs[0] == nobodys[0] == 404
    assert theirs[1]["type"] == nobodys[1]["type"] == "/problems/no-such-document"
    assert (await get(bert, "/v1/documents"))[1] == {"documents": [], "next": None}


@pytest.mark.parametrize("path", ["", f"/{NUMBER}", f"/{NUMBER}/paper.html", f"/{NUMBER}/paper.pdf"])
async def test_who_is_not_signed_in_sees_nothing(site: CloudSite, path: str) -> None:
    assert (await get(site.browser(), f"/v1/documents{path}"))[0] == 401


@pytest.mark.parametrize(
    "cursor", ["nonsense", "W10", "WyJhIiwgMV0", "MQ", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMCwgImEiXQ"]
)
async def test_a_cursor_that_is_none_of_ours_is_refused(anna: ClientSession, cursor: str) -> None:
    status, problem = await get(anna, f"/v1/documents?cursor={cursor}")
    assert (status, problem["field"]) == (400, "cursor")


async def test_a_paper_is_issued_with_the_names_and_the_card_of_its_day(site: CloudSite) -> None:
    care = Care(ANNA, "UTC", card=CardOnFile("token", "Visa", "4242", 12, 2030))
    document = Document(
        "credit_note", "o1", (Item("plus", DOOR, 100, unused_days=1, period_days=30),), 0, 100
    )
    terms = Settings(state=Path("state")).terms
    async with site.database.begin() as tx:
        made = await issue_paper(
            tx, terms, an_account(ANNA), care, "C2026-000001", document, 1_800_000_000_000
        )
        name = next(camera.name for camera in await tx.cameras.of_account(ANNA) if camera.id == DOOR)
    assert made.lines[0].text == f"Plus for {name}: 1 of 30 days unused"
    assert (made.email, made.refers_to) == (an_account(ANNA).email, NUMBER)
    async with site.database.read() as tx:
        assert await tx.papers.paper(ANNA, "C2026-000001") == made
