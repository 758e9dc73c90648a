"""Runs localstripe on a free port of this machine, as a process of its own; prints the port.

localstripe is real, and older than our API version. What it lacks is added here, and nothing else: it does
not know two parameters, filters of lists and the search, and it writes its store to a file for everybody. A
test can make it lose an answer: POST /_config/lose with the path.
"""

import socket
from typing import Any

from aiohttp import web
from localstripe import resources
from localstripe.server import app

UNKNOWN = ("description", "allowed_payment_method_types")

_losing: list[str] = []


@web.middleware
async def added(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.path == "/v1/customers/search":
        return search(request)
    if request.path == "/_config/lose":
        _losing.append((await request.json())["path"])
        return web.Response()
    answer: web.StreamResponse = await handler(request)
    if request.method == "POST" and request.path in _losing:
        _losing.remove(request.path)
        assert request.transport is not None
        request.transport.abort()
    return answer


def search(request: web.Request) -> web.Response:
    account = request.query["query"].split('"')[3]
    customers = [value for key, value in resources.store.items() if key.startswith("customer:")]
    found = [one._export() for one in customers if one.metadata.get("account") == account]
    return web.json_response({"object": "search_result", "data": found, "has_more": False})


def without_unknown(kind: Any) -> None:
    creates = kind._api_create.__func__

    def create(cls: Any, /, **data: Any) -> Any:
        return creates(cls, **{name: value for name, value in data.items() if name not in UNKNOWN})

    kind._api_create = classmethod(create)


def with_filters(kind: Any) -> None:
    lists = kind._api_list_all.__func__

    def listed(cls: Any, /, url: str, customer: Any = None, created: Any = None, **rest: Any) -> Any:
        found = lists(cls, url, **rest)
        span = {name: int(value) for name, value in (created or {}).items()}
        found._list = [
            one
            for one in found._list
            if customer in (None, getattr(one, "customer", None))
            and span.get("gte", 0) <= one.created < span.get("lt", 10**12)
        ]
        return found

    kind._api_list_all = classmethod(listed)


def main() -> None:
    resources.Store.dump_to_disk = lambda _self: None
    for kind in (resources.PaymentIntent, resources.SetupIntent):
        without_unknown(kind)
    for kind in (resources.PaymentIntent, resources.Refund):
        with_filters(kind)
    app.middlewares.insert(0, added)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    print(listening.getsockname()[1], flush=True)
    web.run_app(app, sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main()
