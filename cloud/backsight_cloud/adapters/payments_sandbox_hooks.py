"""How the sandbox tells what happened: signed posts to our own hook, again and again until it takes them."""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from backsight_cloud.payment_ports import (
    HOOK_TOLERANCE_MS,
    BadHook,
    Card,
    CardUpdated,
    ChargeFailedLater,
    ChargeSettled,
    Disputed,
    HookEvent,
    PaymentHook,
    RefundFailedLater,
    RefundSettled,
    TakesHooks,
)
from backsight_shared.clock import Clock

SIGNATURE = "Sandbox-Signature"  # "t=MILLISECONDS,v1=HEX"
LOOK_EVERY_S = 1.0
LONGEST_PAUSE_S = 60.0  # while the hook takes nothing
POST_S = 10.0  # seconds for one post

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it is posted."""

    number: int
    body: bytes
    headers: Mapping[str, str]


class Teller(Protocol):
    """Who has something to tell: the sandbox."""

    async def to_tell(self) -> Sequence[Delivery]: ...
    async def told(self, deliveries: Sequence[Delivery]) -> None: ...
    async def next_to_tell_ms(self) -> int | None: ...


class TellsHere:
    """Tells whoever takes it, in this process, while a test clock is moved. Implements `Telling`."""

    def __init__(self, teller: Teller, hook: PaymentHook, takes: TakesHooks) -> None:
        self._teller, self._hook, self._takes = teller, hook, takes

    async def next_ms(self) -> int | None:
        return await self._teller.next_to_tell_ms()

    async def tell(self) -> int:
        return await tell_here(self._teller, self._hook, self._takes)


class SandboxHook:
    """Implements the port `PaymentHook`."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def read(self, body: bytes, headers: Mapping[str, str]) -> Sequence[HookEvent]:
        at_ms, signature = _signature(_header(headers))
        if not hmac.compare_digest(signature.encode(), _sign(self._secret, at_ms, body).encode()):
            raise BadHook("the sandbox did not sign this")
        if abs(self._clock.now_ms() - at_ms) > HOOK_TOLERANCE_MS:
            raise BadHook("the signature is too old")
        try:
            event = _event(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            raise BadHook("this is no event of the sandbox") from error
        return [] if event is None else [event]


def delivery_of(number: int, book: str, body: str, secret: str, now_ms: int) -> Delivery:
    """The event with its own name, signed as of now."""
    event = {"id": f"evt_{book}_{number}", **json.loads(body)}
    posted = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: f"t={now_ms},v1={_sign(secret, now_ms, posted)}",
    }
    return Delivery(number, posted, headers)


async def tell_here(teller: Teller, hook: PaymentHook, takes: TakesHooks) -> int:
    """Everything that is due, without a network: for simulations. How many events were taken."""
    count = 0
    while due := await teller.to_tell():
        for delivery in due:
            for event in hook.read(delivery.body, delivery.headers):
                await takes.take(event)
        await teller.told(due)
        count += len(due)
    return count


async def post_forever(teller: Teller, address: str, clock: Clock) -> None:
    """Post what is due to this address; what is not taken is posted again after a pause."""
    pause = LOOK_EVERY_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=POST_S)) as session:
        while True:
            taken = await _tell_due(teller, session, address)
            pause = LOOK_EVERY_S if taken else min(pause * 2, LONGEST_PAUSE_S)
            await clock.sleep(pause)


async def _tell_due(teller: Teller, session: aiohttp.ClientSession, address: str) -> bool:
    """Whether the hook took all that was due."""
    while due := await teller.to_tell():
        for delivery in due:
            if not await _post(session, address, delivery):
                return False
            await teller.told([delivery])
    return True


async def _post(session: aiohttp.ClientSession, address: str, delivery: Delivery) -> bool:
    try:
        async with session.post(address, data=delivery.body, headers=delivery.headers) as answer:
            taken = 200 <= answer.status < 300
            why = f"status {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        taken, why = False, type(error).__name__
    if not taken:
        log.warning("our payment hook did not take event %d: %s", delivery.number, why)
    return taken


def _event(told: Mapping[str, Any]) -> HookEvent | None:
    match told["type"]:
        case "charge.settled":
            return ChargeSettled(told["id"], told["key"], told["charge"])
        case "charge.failed":
            return ChargeFailedLater(told["id"], told["key"], told["charge"], told["code"])
        case "charge.disputed":
            return Disputed(told["id"], told["charge"], told["cents"])
        case "refund.settled":
            return RefundSettled(told["id"], told["key"], told["refund"])
        case "refund.failed":
            return RefundFailedLater(told["id"], told["key"], told["refund"], told["code"])
        case "card.updated":
            card = Card(told["token"], told["brand"], told["last4"], told["exp_month"], told["exp_year"])
            return CardUpdated(told["id"], told["customer"], card)
        case _:
            return None


def _header(headers: Mapping[str, str]) -> str:
    """By its name, however that is written."""
    return next((value for name, value in headers.items() if name.lower() == SIGNATURE.lower()), "")


def _signature(header: str) -> tuple[int, str]:
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    at_ms = parts.get("t", "")
    if not (at_ms.isascii() and at_ms.isdigit() and len(at_ms) <= 15):
        raise BadHook(f"the header {SIGNATURE} is missing, or is none")
    return int(at_ms), parts.get("v1", "")


def _sign(secret: str, at_ms: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % at_ms + body, hashlib.sha256).hexdigest()
