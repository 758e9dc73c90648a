"""A paper is laid out as a page and as a PDF that say the same, whatever its names are written in."""

import base64
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pypdf import PdfReader

from backsight_cloud.adapters.documents.fonts import Fonts, installed
from backsight_cloud.adapters.documents.pdf import pdf_of
from backsight_cloud.adapters.documents.printer import PagePrinter
from backsight_cloud.domain.documents import Paper, PaperKind, PaperLine, told
from fakes.papers import AN_INVOICE

FONTS = installed()
NO_FONTS = installed(Path("/nowhere"))
MONO = Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")

needs_fonts = pytest.mark.skipif(FONTS.regular is None, reason="needs the Debian package fonts-dejavu-core")


def read(pdf: bytes) -> str:
    """Its text, one space between words."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


def named(name: str) -> Paper:
    first, second = AN_INVOICE.lines
    return replace(AN_INVOICE, lines=(replace(first, text=f"Plus for {name}"), second))


def words_of(paper: Paper) -> list[str]:
    words = told(paper)
    lines = [text for line in words.lines for text in (line.text, line.period, line.amount)]
    facts = [text for fact in (*words.facts, *words.sums) for text in fact]
    return [words.title, *words.seller, *facts, *lines, *words.notes]


@pytest.mark.parametrize("fonts", [FONTS, NO_FONTS], ids=["fonts", "no fonts"])
@pytest.mark.parametrize("kind", PaperKind)
def test_the_text_of_the_pdf_is_what_the_paper_says(fonts: Fonts, kind: PaperKind) -> None:
    paper = replace(AN_INVOICE, kind=kind)
    text = read(pdf_of(paper, fonts))
    assert [words for words in words_of(paper) if words not in text] == []


@pytest.mark.parametrize("kind", PaperKind)
def test_the_page_says_it_too(kind: PaperKind) -> None:
    paper = replace(AN_INVOICE, kind=kind)
    text = text_of(PagePrinter().html(paper))
    assert [words for words in words_of(paper) if words not in text] == []


def test_the_same_paper_is_the_same_file() -> None:
    assert pdf_of(AN_INVOICE) == pdf_of(AN_INVOICE)


def test_the_file_is_called_what_it_is() -> None:
    metadata = PdfReader(io.BytesIO(pdf_of(AN_INVOICE))).metadata
    assert metadata is not None
    assert metadata.title == "Invoice 2026-000123"


@needs_fonts
@pytest.mark.parametrize("name", ["Haustür", "Дверь", "Πόρτα", "Cửa", "€ £ ¥"])
def test_names_in_scripts_that_there_are_fonts_for_can_be_selected(name: str) -> None:
    assert name in read(pdf_of(named(name)))


@needs_fonts
@pytest.mark.parametrize("name", ["דלת", "باب"])
def test_scripts_that_run_from_right_to_left_keep_their_letters(name: str) -> None:
    assert set(name) <= set(read(pdf_of(named(name))))


@needs_fonts
@pytest.mark.skipif(not MONO.is_file(), reason="needs DejaVu Sans Mono")
def test_a_character_that_the_first_font_lacks_comes_from_another() -> None:
    assert FONTS.regular is not None
    alone, both = installed(MONO, MONO, ()), installed(MONO, MONO, (FONTS.regular,))
    lacking = chr(min(both.characters - alone.characters - set(range(0x3000))))
    assert lacking not in read(pdf_of(named(lacking), alone))
    assert lacking in read(pdf_of(named(lacking), both))


@pytest.mark.parametrize("fonts", [FONTS, NO_FONTS], ids=["fonts", "no fonts"])
@pytest.mark.parametrize(
    "name", ["门口", "ドア", "दरवाज़ा", "🐕‍🦺", "\ud800", "\x00\n\t", "\u202e", "x" * 300, " " * 50]
)
def test_no_name_crashes_it_and_the_sums_are_still_there(fonts: Fonts, name: str) -> None:
    assert "$12.98" in read(pdf_of(named(name), fonts))


@given(st.text(max_size=80))
@hypothesis_settings(max_examples=15)
def test_any_name_at_all_can_be_printed(name: str) -> None:
    pdf_of(named(name))
    PagePrinter().html(named(name)).encode()


def test_what_no_font_has_is_a_box_or_a_question_mark() -> None:
    assert NO_FONTS.writable("Дом 1") == "??? 1"
    assert "\N{WHITE SQUARE}" in installed().writable("\U000e0100") or FONTS.regular is None


def test_a_long_invoice_goes_on_on_further_sheets() -> None:
    lines = tuple(PaperLine(f"Plus for camera {number}", 100) for number in range(80))
    paper = replace(AN_INVOICE, lines=lines, credit_cents=0, card_cents=8000)
    pdf = pdf_of(paper)
    assert len(PdfReader(io.BytesIO(pdf)).pages) > 1
    assert read(pdf).count("What Period Amount") == len(PdfReader(io.BytesIO(pdf)).pages)
    assert "Plus for camera 79" in read(pdf)


def test_a_name_is_text_and_never_markup() -> None:
    page = PagePrinter().html(named('<img src=x onerror="alert(1)">&'))
    assert "<img" not in page
    assert 'Plus for <img src=x onerror="alert(1)">&' in text_of(page)


def test_the_page_takes_nothing_from_anywhere() -> None:
    page = PagePrinter().html(AN_INVOICE)
    assert not re.search(r"<script|<link|<img|<iframe|src=|href=|url\(|@import|\son\w+=", page)


def test_the_policy_allows_its_own_style_alone() -> None:
    printer = PagePrinter()
    style = re.search(r"<style>(.*?)</style>", printer.html(AN_INVOICE), re.DOTALL)
    assert style is not None
    assert f"style-src 'sha256-{sha256(style[1])}'" in printer.policy
    assert printer.policy.startswith("default-src 'none'; ")


async def test_printing_keeps_nobody_waiting_in_the_loop() -> None:
    assert read(await PagePrinter().pdf(AN_INVOICE)) == read(pdf_of(AN_INVOICE))


def sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def handle_data(self, data: str) -> None:
        self.told.append(data)


def text_of(page: str) -> str:
    """What a reader of the page sees."""
    parser = _Text()
    parser.feed(page)
    return " ".join("".join(parser.told).split())
