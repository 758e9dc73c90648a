"""Lays a paper out as PDF: text that can be selected and found, in any script for which there is a font."""

import logging
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from backsight_cloud.adapters.documents.fonts import Fonts, installed
from backsight_cloud.domain.documents import Paper, Told, told

MARGIN_MM = 18.0
LINE_MM = 6.0
NAME_MM = 30.0  # the column with the names of facts
COLUMNS = (38, 47, 15)  # of a hundred: what, period, amount

_FAMILY = "paper"
_BUILT_IN = "helvetica"
_GREY = (87, 96, 106)

logging.getLogger("fontTools").setLevel(logging.ERROR)  # it tells of every table that it leaves out


def pdf_of(paper: Paper, fonts: Fonts | None = None) -> bytes:
    """The file. The same paper with the same fonts gives the same bytes."""
    page = _Page(fonts or installed(), told(paper))
    page.pdf.set_creation_date(datetime.fromtimestamp(paper.at_ms // 1000, UTC))
    page.head()
    page.facts()
    page.lines()
    page.notes()
    return bytes(page.pdf.output())


class _Page:
    """A4, which goes on on further sheets when it must."""

    def __init__(self, fonts: Fonts, words: Told) -> None:
        self._fonts, self._words = fonts, words
        self.pdf = FPDF(format="A4")
        self.pdf.set_margin(MARGIN_MM)
        self.pdf.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self._family = self._loaded()
        self.pdf.set_title(f"{words.title} {words.number}")
        self.pdf.set_lang("en")
        self.pdf.add_page()

    def head(self) -> None:
        self._write(self._words.title, size=20, bold=True)
        self.pdf.ln(2)
        for line in self._words.seller:
            self._write(line)
        self.pdf.ln(LINE_MM)

    def facts(self) -> None:
        for name, value in self._words.facts:
            self.pdf.set_text_color(*_GREY)
            self.pdf.cell(NAME_MM, LINE_MM, self._fonts.writable(name))
            self.pdf.set_text_color(0)
            self._write(value)
        self.pdf.ln(LINE_MM)

    def lines(self) -> None:
        """A table; its head is repeated on every sheet."""
        bold = FontFace(emphasis="BOLD")
        with self.pdf.table(
            col_widths=COLUMNS,
            text_align=(Align.L, Align.L, Align.R),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=LINE_MM,
            padding=(1, 1, 1, 0),
            headings_style=bold,
        ) as table:
            table.row(("What", "Period", "Amount"))
            for line in self._words.lines:
                table.row([self._fonts.writable(text) for text in (line.text, line.period, line.amount)])
            for place, (text, amount) in enumerate(self._words.sums):
                row = table.row(style=None if place else bold)
                row.cell(self._fonts.writable(text), colspan=2)
                row.cell(self._fonts.writable(amount))

    def notes(self) -> None:
        self.pdf.ln(LINE_MM)
        self.pdf.set_text_color(*_GREY)
        for note in self._words.notes:
            self._write(note, size=9)

    def _write(self, text: str, *, size: int = 11, bold: bool = False) -> None:
        self.pdf.set_font(self._family, "B" if bold else "", size)
        self.pdf.multi_cell(
            0,
            LINE_MM if size < 20 else LINE_MM * 1.6,
            self._fonts.writable(text),
            align=Align.L,
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )
        self.pdf.set_font(self._family, "", 11)

    def _loaded(self) -> str:
        fonts, pdf = self._fonts, self.pdf
        if fonts.regular is None:
            pdf.set_font(_BUILT_IN, size=11)
            return _BUILT_IN
        pdf.add_font(_FAMILY, "", fonts.regular)
        pdf.add_font(_FAMILY, "B", fonts.bold)
        names = [f"other{place}" for place, _ in enumerate(fonts.others)]
        for name, path in zip(names, fonts.others, strict=True):
            pdf.add_font(name, "", path)
        pdf.set_fallback_fonts(names, exact_match=False)
        pdf.set_text_shaping(use_shaping_engine=True)
        pdf.set_font(_FAMILY, size=11)
        return _FAMILY
