"""Where the payment provider tells what happened later. It is proven by its signature, never by a cookie."""

from dataclasses import dataclass

from aiohttp import web

from backsight_cloud.payment_ports import BadHook, CardForm, PaymentHook, TakesHooks
from backsight_cloud.web import sandbox_cards
from backsight_cloud.web.described import Media, Who, described
from backsight_cloud.web.problem_kinds import BAD_REQUEST, TOO_LARGE
from backsight_cloud.web.problems import Problem

HOOK: web.AppKey[PaymentHook] = web.AppKey("payment_hook")
TAKES: web.AppKey[TakesHooks] = web.AppKey("takes_hooks")

PATH = "/v1/payment-hook"
MOST_BYTES = 256 * 1024  # Stripe's events have a few thousand


@dataclass(frozen=True, slots=True)
class PaymentPages:
    """Who stands behind the pages for the provider, and for the browser of the sandbox if it is that."""

    hook: PaymentHook
    takes: TakesHooks
    form: CardForm | None


def mount(site: web.Application, pages: PaymentPages) -> None:
    """The sandbox's page is there only with the sandbox."""
    site[HOOK], site[TAKES] = pages.hook, pages.takes
    site.add_routes(routes())
    if pages.form is not None:
        site[sandbox_cards.FORM] = pages.form
        site.add_routes(sandbox_cards.routes())


def routes() -> list[web.RouteDef]:
    """`POST /v1/payment-hook`: 204 once it is durably taken; else the provider posts it again."""
    return [web.post(PATH, _told)]


@described(
    "What the payment provider tells later",
    who=Who.PUBLIC,
    tags=("billing",),
    body=Media("application/json"),
    answers={204: None},
    problems=(BAD_REQUEST, TOO_LARGE),
)
async def _told(request: web.Request) -> web.Response:
    """For the provider only: each post is signed by it."""
    body = await _body(request)
    try:
        events = request.app[HOOK].read(body, request.headers)
    except BadHook as error:
        raise Problem.of(BAD_REQUEST, str(error)) from error
    for event in events:
        await request.app[TAKES].take(event)
    return web.Response(status=204)


async def _body(request: web.Request) -> bytes:
    """Its bytes as they were signed; no more of them than an event may have."""
    if (request.content_length or 0) > MOST_BYTES:
        raise Problem.of(TOO_LARGE, f"an event has at most {MOST_BYTES} bytes")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Problem.of(TOO_LARGE, f"an event has at most {MOST_BYTES} bytes")
    return bytes(body)
