"""The printer of papers: HTML from a template, PDF in a thread, for that takes a while."""

import asyncio
import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backsight_cloud.adapters.documents.pdf import pdf_of
from backsight_cloud.domain.documents import Paper, told

_HERE = Path(__file__).parent


class PagePrinter:
    """See `Printer`."""

    def __init__(self) -> None:
        self._style = (_HERE / "paper.css").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
        )
        self._one_at_a_time = asyncio.Lock()  # a machine with two cores has other things to do

    def html(self, paper: Paper) -> str:
        return _environment().get_template("paper.html").render(paper=told(paper), style=self._style)

    async def pdf(self, paper: Paper) -> bytes:
        async with self._one_at_a_time:
            return await asyncio.to_thread(pdf_of, paper)


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
