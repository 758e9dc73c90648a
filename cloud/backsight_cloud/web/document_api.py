"""An owner's invoices and credit notes: as a list, as pages, and as PDF."""

from aiohttp import web

from backsight_cloud.document_ports import Printer
from backsight_cloud.domain.documents import Paper
from backsight_cloud.web.access import account_of
from backsight_cloud.web.described import Media, Who, asked_path, asked_query, described
from backsight_cloud.web.document_models import (
    DocumentLineShown,
    DocumentPath,
    DocumentShown,
    DocumentsShown,
)
from backsight_cloud.web.keys import DATABASE
from backsight_cloud.web.paging import PageAsked, no_cursor, page
from backsight_cloud.web.problem_kinds import kind
from backsight_cloud.web.problems import Problem

PRINTER: web.AppKey[Printer] = web.AppKey("printer")

NO_SUCH_DOCUMENT = kind(
    404, "No such document", "GET /v1/documents lists the account's invoices and credit notes."
)

_PRIVATE = {"Cache-Control": "no-store"}
_TAGS = ("billing",)


def routes() -> list[web.RouteDef]:
    """For the account that they were issued to, and for nobody else."""
    return [
        web.get("/v1/documents", _documents),
        web.get("/v1/documents/{number}", _document),
        web.get("/v1/documents/{number}/paper.html", _html),
        web.get("/v1/documents/{number}/paper.pdf", _pdf),
    ]


@described(
    "Invoices and credit notes, the newest first",
    who=Who.OWNER,
    tags=_TAGS,
    query=PageAsked,
    answers={200: DocumentsShown},
)
async def _documents(request: web.Request) -> web.Response:
    account, asked = await account_of(request), asked_query(request, PageAsked)
    async with request.app[DATABASE].read() as tx:
        papers = await tx.papers.of_account(account.id, asked.wanted, _place(asked))
    body = page("documents", papers, asked, _shown, lambda paper: [paper.at_ms, paper.number])
    return web.json_response(body, headers=_PRIVATE)


@described(
    "One invoice or credit note",
    who=Who.OWNER,
    tags=_TAGS,
    path=DocumentPath,
    answers={200: DocumentShown},
    problems=(NO_SUCH_DOCUMENT,),
)
async def _document(request: web.Request) -> web.Response:
    return web.json_response(_shown(await _asked(request)), headers=_PRIVATE)


@described(
    "An invoice or a credit note as a page, for a screen and for paper",
    who=Who.OWNER,
    tags=_TAGS,
    path=DocumentPath,
    answers={200: Media("text/html")},
    problems=(NO_SUCH_DOCUMENT,),
)
async def _html(request: web.Request) -> web.Response:
    printer, paper = request.app[PRINTER], await _asked(request)
    headers = {**_PRIVATE, "Content-Security-Policy": printer.policy}
    return web.Response(text=printer.html(paper), content_type="text/html", headers=headers)


@described(
    "An invoice or a credit note as PDF",
    who=Who.OWNER,
    tags=_TAGS,
    path=DocumentPath,
    answers={200: Media("application/pdf")},
    problems=(NO_SUCH_DOCUMENT,),
)
async def _pdf(request: web.Request) -> web.Response:
    paper = await _asked(request)
    name = f'attachment; filename="{paper.kind.value}-{paper.number}.pdf"'
    body = await request.app[PRINTER].pdf(paper)
    headers = {**_PRIVATE, "Content-Disposition": name}
    return web.Response(body=body, content_type="application/pdf", headers=headers)


async def _asked(request: web.Request) -> Paper:
    account, number = await account_of(request), asked_path(request, DocumentPath).number
    async with request.app[DATABASE].read() as tx:
        paper = await tx.papers.paper(account.id, number)
    if paper is None:
        raise Problem.of(NO_SUCH_DOCUMENT, "there is no such document in this account")
    return paper


def _place(asked: PageAsked) -> tuple[int, str] | None:
    place = asked.behind(list)
    if place is None:
        return None
    if len(place) != 2 or type(place[0]) is not int or type(place[1]) is not str or abs(place[0]) >= 2**63:
        raise no_cursor()
    return place[0], place[1]


def _shown(paper: Paper) -> dict[str, object]:
    address = f"/v1/documents/{paper.number}/paper"
    return DocumentShown(
        number=paper.number,
        kind=paper.kind.value,
        at_ms=paper.at_ms,
        currency=paper.currency,
        total_cents=paper.total_cents,
        credit_cents=paper.credit_cents,
        card_cents=paper.card_cents,
        carried_cents=paper.carried_cents,
        card=f"{paper.card.brand} {paper.card.last4}" if paper.card else None,
        refers_to=paper.refers_to,
        lines=tuple(
            DocumentLineShown(text=line.text, cents=line.cents, from_ms=line.from_ms, to_ms=line.to_ms)
            for line in paper.lines
        ),
        html=f"{address}.html",
        pdf=f"{address}.pdf",
    ).model_dump()
