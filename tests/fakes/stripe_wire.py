"""A small Stripe on the wire: answers in the shapes of Stripe's public API reference, written by us.

It knows what localstripe does not: idempotency keys, searches, lists by customer and time, declines of
off-session charges, bounds of refunds; it refuses parameters that it does not know, as Stripe does. Its
faults are a test's to choose: `lose_next`, `fail_next`.
"""

import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from fakes.clock import FakeClock

KEY = "sk_test_wire"
Answer = tuple[int, dict[str, Any]]

_AT_SETUP = {"4000000000000002": "generic_decline", "4000000000009995": "insufficient_funds"}
_AT_CHARGE = {
    "4000000000000341": "generic_decline",
    "4000002760003184": "authentication_required",
    "4000009900000079": "insufficient_funds",
    "4000009900000087": "stolen_card",
}
_AUTHENTICATE = {"4000002500003155", "4000002760003184"}
_PARAMETERS = {
    "/v1/customers": {"metadata", "email"},
    "/v1/setup_intents": {"customer", "usage", "allowed_payment_method_types"},
    "/v1/payment_intents": {
        "amount",
        "currency",
        "customer",
        "payment_method",
        "allowed_payment_method_types",
        "off_session",
        "confirm",
        "description",
        "metadata",
    },
    "/v1/refunds": {"payment_intent", "amount", "metadata"},
}


@dataclass
class StripeWire:
    """What the server holds, and what it is to do wrong."""

    clock: FakeClock
    address: str = ""
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)  # of cards, by payment method
    answered: dict[str, tuple[str, Answer]] = field(default_factory=dict)  # by idempotency key
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    lose_next: str = ""  # a path: done, and the connection ends before the answer
    fail_next: dict[str, Answer] = field(default_factory=dict)  # by path: answered so, and not done
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def forget_keys(self) -> None:
        """As Stripe does after a day."""
        self.answered.clear()

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The newest first, as Stripe lists."""
        return [one for one in reversed(self.things.values()) if one["object"] == kind]

    def add(self, kind: str, prefix: str, **more: Any) -> dict[str, Any]:
        name = f"{prefix}_{next(self.ids)}"
        self.things[name] = {"id": name, "object": kind, "created": self.clock.now_ms() // 1000, **more}
        return self.things[name]

    # ------------------------------------------------------------ the browser's side

    def give_card(self, setup: str, number: str, *, approve: bool) -> None:
        """What Stripe.js does with a card; approve: the owner does so at once."""
        intent = self.things[setup]
        if code := _AT_SETUP.get(number):
            intent["last_setup_error"] = _card_error(code)
            return
        card = {"brand": "visa", "last4": number[-4:], "exp_month": 12, "exp_year": 2030}
        method = self.add("payment_method", "pm", customer=intent["customer"], card=card, type="card")
        self.numbers[method["id"]] = number
        waits = number in _AUTHENTICATE and not approve
        intent["status"] = "requires_action" if waits else "succeeded"
        intent["payment_method"] = method["id"]

    # ------------------------------------------------------------ the API

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = _tree((await request.post()) if request.method == "POST" else request.query)
        path = request.path
        self.asked.append((request.method, path, asked))
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _said(401, _error("invalid_request_error", "Invalid API Key provided: sk_test_****ire"))
        if failed := self.fail_next.pop(path, None):
            return _said(*failed)
        status, body = self._once(request.headers.get("Idempotency-Key", ""), request.method, path, asked)
        if self.lose_next == path and request.method == "POST":
            self.lose_next = ""
            assert request.transport is not None
            request.transport.abort()
        return _said(status, body)

    def _once(self, key: str, method: str, path: str, asked: dict[str, Any]) -> Answer:
        if method != "POST" or not key:
            return self._do(method, path, asked)
        same = json.dumps(asked, sort_keys=True)
        if key in self.answered:
            before, answer = self.answered[key]
            wrong = _error("idempotency_error", "Keys for idempotent requests can only be used with the same")
            return answer if before == same else (400, wrong)
        answer = self._do(method, path, asked)
        self.answered[key] = (same, answer)
        return answer

    def _do(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        known = _PARAMETERS.get(path)
        if method == "POST" and known is not None and (strange := set(asked) - known):
            return 400, _error("invalid_request_error", "Received unknown parameter", param=min(strange))
        for pattern, verb, does in self._routes():
            if verb == method and (found := re.fullmatch(pattern, path)):
                answer: Answer = does(asked, *found.groups())
                return answer
        return 404, _error("invalid_request_error", f"Unrecognized request URL ({method}: {path})")

    def _routes(self) -> list[tuple[str, str, Any]]:
        return [
            ("/v1/customers/search", "GET", self._search),
            ("/v1/customers", "POST", lambda asked: (200, self.add("customer", "cus", email=None, **asked))),
            ("/v1/customers/([^/]+)", "POST", self._update),
            ("/v1/customers/([^/]+)", "DELETE", self._delete),
            ("/v1/setup_intents", "POST", self._new_setup),
            ("/v1/setup_intents/([^/]+)", "GET", self._setup),
            ("/v1/payment_methods/([^/]+)/detach", "POST", self._detach),
            ("/v1/payment_intents", "GET", lambda asked: self._list("payment_intent", asked)),
            ("/v1/payment_intents", "POST", self._pay),
            ("/v1/refunds", "GET", self._list_refunds),
            ("/v1/refunds", "POST", self._refund),
        ]

    def _search(self, asked: dict[str, Any]) -> Answer:
        account = re.fullmatch(r'metadata\["account"\]:"(.*)"', asked["query"])
        assert account
        found = [one for one in self.of("customer") if one["metadata"]["account"] == account[1]]
        return 200, {
            "object": "search_result",
            "data": found,
            "has_more": False,
            "url": "/v1/customers/search",
        }

    def _update(self, asked: dict[str, Any], name: str) -> Answer:
        self.things[name].update(asked)
        return 200, self.things[name]

    def _delete(self, _: dict[str, Any], name: str) -> Answer:
        if name not in self.things:
            return _missing("customer", name)
        del self.things[name]
        for method in self.of("payment_method"):
            if method["customer"] == name:
                method["customer"] = None
        return 200, {"id": name, "object": "customer", "deleted": True}

    def _new_setup(self, asked: dict[str, Any]) -> Answer:
        more = {"status": "requires_payment_method", "last_setup_error": None, "payment_method": None}
        made = self.add("setup_intent", "seti", customer=asked["customer"], **more)
        made["client_secret"] = f"{made['id']}_secret_x"
        return 200, made

    def _setup(self, asked: dict[str, Any], name: str) -> Answer:
        if name not in self.things:
            return _missing("intent", name)
        method = self.things[name]["payment_method"]
        return 200, {**self.things[name], "payment_method": self.things.get(method)}

    def _detach(self, _: dict[str, Any], name: str) -> Answer:
        if name not in self.things:
            return _missing("payment_method", name)
        if self.things[name]["customer"] is None:
            text = "The payment method is not attached to a customer so detachment is impossible."
            return 400, _error("invalid_request_error", text)
        self.things[name]["customer"] = None
        return 200, self.things[name]

    def _list(self, kind: str, asked: dict[str, Any]) -> Answer:
        span = asked.get("created", {})
        found = [
            one
            for one in self.of(kind)
            if asked.get("customer") in (None, one.get("customer"))
            and asked.get("payment_intent") in (None, one.get("payment_intent"))
            and int(span.get("gte", 0)) <= one["created"] < int(span.get("lt", 10**12))
        ]
        names = [one["id"] for one in found]
        start = names.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        end = start + int(asked.get("limit", 10))
        more = len(found) > end
        return 200, {"object": "list", "data": found[start:end], "has_more": more, "url": f"/v1/{kind}s"}

    def _pay(self, asked: dict[str, Any]) -> Answer:
        if self.things.get(asked["payment_method"], {}).get("customer") != asked["customer"]:
            text = "The provided PaymentMethod was previously used or detached. It may not be used again."
            return 400, _error("invalid_request_error", text, param="payment_method")
        code = _AT_CHARGE.get(self.numbers[asked["payment_method"]], "")
        error = _card_error(code) if code else None
        intent = self.add(
            "payment_intent",
            "pi",
            amount=int(asked["amount"]),
            amount_received=0 if code else int(asked["amount"]),
            currency=asked["currency"],
            customer=asked["customer"],
            metadata=asked.get("metadata", {}),
            status="requires_payment_method" if code else "succeeded",
            last_payment_error=error,
        )
        if error:
            return 402, {"error": {**error, "payment_intent": intent}}
        return 200, intent

    def _list_refunds(self, asked: dict[str, Any]) -> Answer:
        charge = asked.get("payment_intent")
        if charge and charge not in self.things:
            return _missing("payment_intent", charge)
        return self._list("refund", asked)

    def _refund(self, asked: dict[str, Any]) -> Answer:
        intent = self.things[asked["payment_intent"]]
        before = [one for one in self.of("refund") if one["payment_intent"] == intent["id"]]
        left = intent["amount"] - sum(one["amount"] for one in before if one["status"] != "failed")
        if left == 0:
            text = "Charge has already been refunded."
            return 400, _error("invalid_request_error", text, code="charge_already_refunded")
        if int(asked["amount"]) > left:
            text = "Refund amount is greater than unrefunded amount on charge"
            return 400, _error("invalid_request_error", text, param="amount")
        made = self.add(
            "refund",
            "re",
            amount=int(asked["amount"]),
            currency=intent["currency"],
            payment_intent=intent["id"],
            charge="ch_of_it",
            metadata=asked.get("metadata", {}),
            status="succeeded",
        )
        return 200, made


@asynccontextmanager
async def stripe_on_the_wire(clock: FakeClock) -> AsyncIterator[StripeWire]:
    wire = StripeWire(clock)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", wire.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        wire.address = str(server.make_url("")).rstrip("/")
        yield wire


def _said(status: int, body: dict[str, Any]) -> web.Response:
    return web.json_response(body, status=status, headers={"Request-Id": "req_wire"})


def _error(kind: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, **more}}


def _missing(param: str, name: str) -> Answer:
    return 404, _error(
        "invalid_request_error", f"No such {param}: '{name}'", code="resource_missing", param=param
    )


def _card_error(code: str) -> dict[str, Any]:
    outer = code if code == "authentication_required" else "card_declined"
    advice = "do_not_try_again" if code == "stolen_card" else "try_again_later"
    return {
        "type": "card_error",
        "code": outer,
        "decline_code": code,
        "advice_code": advice,
        "message": "Your card was declined.",
    }


def _tree(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`metadata[key]=x` as a tree."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *way, last = re.findall(r"[^\[\]]+", name)
        place = tree
        for part in way:
            place = place.setdefault(part, {})
        place[last] = value
    return tree
