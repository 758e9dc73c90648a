"""The sandbox's side of the browser: where a test card is given, and approved. Only with the sandbox.

It stands for the provider's own page, so it is no part of our API: the set-up's client secret is what proves
the browser, not a session. The number goes to the sandbox and nowhere else, no error repeats it.
"""

from aiohttp import web
from pydantic import Field

from backsight_cloud.payment_ports import CardForm, CardNeedsAuthentication, CardNotGiven, CardRefused
from backsight_cloud.web.checking import AskedLoosely, check_body
from backsight_cloud.web.problem_kinds import NOT_FOUND, TOO_LARGE, kind
from backsight_cloud.web.problems import Problem

FORM: web.AppKey[CardForm] = web.AppKey("card_form")

MOST_BYTES = 4096
CARD_REFUSED = kind(
    402, "Test card refused", "`code` is the bank's, `detail` says it in words. Give another card."
)


class GivenCard(AskedLoosely):
    """A card as a browser gives it. A name that we do not know is not repeated: it may be the number."""

    client_secret: str = Field(repr=False)
    number: str = Field(repr=False, max_length=40)
    exp_month: int = Field(ge=1, le=12)
    exp_year: int = Field(ge=2000, le=9998)


class Approval(AskedLoosely):
    """What the owner tells their bank."""

    client_secret: str = Field(repr=False)
    approve: bool


def routes() -> list[web.RouteDef]:
    """`POST /sandbox/setups/{id}` takes the card, `.../authenticate` the owner's approval.

    Both answer `{"status": "done" | "authenticate"}`, or 402 with the bank's code.
    """
    return [
        web.post("/sandbox/setups/{setup}", _give),
        web.post("/sandbox/setups/{setup}/authenticate", _authenticate),
    ]


async def _give(request: web.Request) -> web.Response:
    given = check_body(GivenCard, await _body(request))
    setup, form = request.match_info["setup"], request.app[FORM]
    try:
        await form.give_card(setup, given.client_secret, given.number, given.exp_month, given.exp_year)
    except CardNeedsAuthentication:
        return web.json_response({"status": "authenticate"})
    except CardRefused as error:
        raise _refused(error) from None
    return web.json_response({"status": "done"})


async def _authenticate(request: web.Request) -> web.Response:
    given = check_body(Approval, await _body(request))
    setup, form = request.match_info["setup"], request.app[FORM]
    try:
        await form.authenticate(setup, given.client_secret, approve=given.approve)
    except CardRefused as error:
        raise _refused(error) from None
    return web.json_response({"status": "done"})


async def _body(request: web.Request) -> bytes:
    body = await request.read()
    if len(body) > MOST_BYTES:
        raise Problem.of(TOO_LARGE, f"a card has at most {MOST_BYTES} bytes")
    return body


def _refused(error: CardRefused) -> Problem:
    kind_of_it = NOT_FOUND if isinstance(error, CardNotGiven) else CARD_REFUSED
    return Problem.of(kind_of_it, str(error), extra={"code": error.code})
