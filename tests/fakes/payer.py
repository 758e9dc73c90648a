"""A small site with one endpoint that moves money, and a purse that shows how often it did.

The purse is the serial of Anna's hub: counting it up twice is what must never happen. The provider is a file
with a line for each order, and takes an order of the same name once.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from backsight_cloud.ports import Database
from backsight_cloud.web import keys
from backsight_cloud.web.checking import Asked
from backsight_cloud.web.described import Who, asked_body, described
from backsight_cloud.web.idempotency import effect_key, remembering
from backsight_cloud.web.problems import Problem, problem_json
from backsight_shared.clock import Clock
from fakes.household import HUB, an_account

PURSE: web.AppKey[Path] = web.AppKey("provider")


class Order(Asked):
    cents: int


class Said:
    """An answer, or the problem that was raised."""

    def __init__(self, status: int, body: str, headers: dict[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers


def paying_app(database: Database, clock: Clock, provider: Path) -> web.Application:
    app = web.Application()
    app[keys.DATABASE], app[keys.CLOCK], app[PURSE] = database, clock, provider
    return app


async def ask(
    app: web.Application,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    body: str = '{"cents": 299}',
    key: str | None = "key-00001",
    account: str = "anna",
) -> Said:
    """One request, as the middleware would hand it on."""
    headers = {"Idempotency-Key": key} if key else {}
    request = make_mocked_request("POST", "/v1/orders", headers=headers, app=app)
    request._read_bytes = body.encode()
    request[keys.SIGNED_IN] = an_account(account)
    try:
        answer = await handler(request)
    except Problem as problem:
        return Said(problem.status, str(problem_json(problem)), problem.headers)
    assert isinstance(answer, web.Response)
    return Said(answer.status, answer.text or "", dict(answer.headers))


@described("Pay", who=Who.OWNER, tags=("test",), body=Order, answers={201: Order}, moves_money=True)
async def pay_in_one_transaction(request: web.Request) -> web.Response:
    """Effect and answer are there together."""
    asked, remember = asked_body(request, Order), remembering(request)
    _order(request)
    async with request.app[keys.DATABASE].begin() as tx:
        body = {"cents": asked.cents, "number": await tx.hubs.next_serial(HUB)}
        await remember(tx, 201, body)
    return web.json_response(body, status=201)


@described(
    "Pay at the provider", who=Who.OWNER, tags=("test",), body=Order, answers={201: Order}, moves_money=True
)
async def pay_at_the_provider(request: web.Request) -> web.Response:
    """The effect is elsewhere, and does nothing the second time."""
    return web.json_response({"order": _order(request)}, status=201)


def orders(provider: Path) -> list[str]:
    """What the provider took: each name once."""
    return sorted(set(provider.read_text().split())) if provider.exists() else []


def _order(request: web.Request) -> str:
    with request.app[PURSE].open("a") as file:
        file.write(effect_key(request) + "\n")
    return effect_key(request)
