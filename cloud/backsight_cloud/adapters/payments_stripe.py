"""Stripe, through its official library: cards saved by SetupIntents, charged off session, refunded.

Stripe forgets an idempotency key after a day; a bill may wait for its answer longer than that. So our key is
in the metadata too, and before anything is asked for, what there already is of the customer is looked at:
lists are consistent at once, unlike Stripe's search. The idempotency key is for two asking at the same time.
`Charged.charge` is the PaymentIntent's id.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import stripe
from stripe import CardError, InvalidRequestError, StripeClient

from backsight_cloud.adapters.payments_stripe_errors import declined, declined_by, is_missing, our_errors
from backsight_cloud.payment_ports import (
    CARD_MISSING,
    MORE_THAN_LEFT,
    NEEDS_AUTHENTICATION,
    UNKNOWN_CHARGE,
    Card,
    CardNeedsAuthentication,
    CardNotGiven,
    CardRefused,
    CardSetup,
    Charged,
    ChargeOrder,
    Declined,
    KeyUsedOtherwise,
    Moved,
    Movement,
    PaymentsUnavailable,
    Refunded,
    RefundOrder,
    RefundRefused,
)

STRIPE = "https://api.stripe.com"
ANSWER_S = 30.0  # seconds for one answer
TRIES = 0  # by the library: whoever asks us asks again, and we look before we charge
PAGE = 100  # the most that Stripe gives at a time

_GONE = Declined(CARD_MISSING, "This card is not on file any more.", is_final=True)


@dataclass(frozen=True, slots=True)
class StripeKeys:
    """What Stripe gave us."""

    secret: str = field(repr=False)
    publishable: str  # for browsers


class StripePayments:
    """Implements the port `Payments`."""

    def __init__(self, client: StripeClient, publishable_key: str) -> None:
        self._stripe = client.v1
        self._publishable_key = publishable_key

    # ------------------------------------------------------------ customers and cards

    async def customer(self, account: str, email: str) -> str:
        """Search finds it after a minute, the idempotency key until a day is over: together, for ever."""
        with our_errors("the customer"):
            query = f'metadata["account"]:"{_quoted(account)}"'
            found = (await self._stripe.customers.search_async({"query": query})).data
            customer = found[0] if found else await self._new_customer(account)
            if customer.to_dict().get("email") != email:
                await self._stripe.customers.update_async(customer.id, {"email": email})
            return customer.id

    async def _new_customer(self, account: str) -> stripe.Customer:
        """Without the address, which may be another one when this is asked for again."""
        return await self._stripe.customers.create_async(
            {"metadata": {"account": account}}, {"idempotency_key": f"customer-{account}"}
        )

    async def begin_card(self, customer: str) -> CardSetup:
        with our_errors("a new card"):
            intent = await self._stripe.setup_intents.create_async(
                {"customer": customer, "usage": "off_session", "allowed_payment_method_types": ["card"]}
            )
            return CardSetup(intent.id, intent.client_secret or "", self._publishable_key)

    async def finish_card(self, customer: str, setup: str) -> Card:
        with our_errors("the new card"):
            try:
                intent = await self._stripe.setup_intents.retrieve_async(
                    setup, {"expand": ["payment_method"]}
                )
            except InvalidRequestError as error:
                if not is_missing(error):
                    raise
                raise _not_begun() from error
            return _card_given(intent.to_dict(), customer)

    async def forget_card(self, customer: str, token: str) -> None:
        with our_errors("forgetting a card"):
            try:
                await self._stripe.payment_methods.detach_async(token)
            except InvalidRequestError as error:  # detached before, or its customer is gone
                if not (is_missing(error) or "not attached" in (error.user_message or "")):
                    raise

    async def forget_customer(self, customer: str) -> None:
        with our_errors("forgetting the customer"):
            try:
                await self._stripe.customers.delete_async(customer)
            except InvalidRequestError as error:
                if not is_missing(error):
                    raise

    # ------------------------------------------------------------ money

    async def charge(self, order: ChargeOrder) -> Charged | Declined:
        with our_errors(f"the charge {order.key}"):
            try:
                intent = await self._intent_of(order)
                if intent is None and not order.card_token:
                    return _GONE
                intent = intent or await self._new_intent(order)
            except CardError as error:
                return declined_by(error)
            except InvalidRequestError as error:
                if _is_card_gone(error):
                    return _GONE
                raise
            return await self._outcome(intent, order)

    async def _intent_of(self, order: ChargeOrder) -> Mapping[str, Any] | None:
        """What was made with this key; of several, which only a person could have made, one that was paid."""
        listed = await self._stripe.payment_intents.list_async({"customer": order.customer, "limit": PAGE})
        found = [
            intent async for each in listed.auto_paging_iter() if _key(intent := each.to_dict()) == order.key
        ]
        return min(found, key=lambda intent: intent["status"] != "succeeded", default=None)

    async def _new_intent(self, order: ChargeOrder) -> Mapping[str, Any]:
        made = await self._stripe.payment_intents.create_async(
            {
                "amount": order.cents,
                "currency": order.currency,
                "customer": order.customer,
                "payment_method": order.card_token,
                "allowed_payment_method_types": ["card"],
                "off_session": True,
                "confirm": True,
                "description": order.description,
                "metadata": {"key": order.key},
            },
            {"idempotency_key": f"charge-{order.key}"},
        )
        return made.to_dict()

    async def _outcome(self, intent: Mapping[str, Any], order: ChargeOrder) -> Charged | Declined:
        if (intent["amount"], intent["currency"]) != (order.cents, order.currency):
            raise KeyUsedOtherwise(f"Stripe has {order.key} for another sum")
        status, error = intent["status"], intent.get("last_payment_error")
        if status == "succeeded":
            return Charged(intent["id"])
        if status == "requires_action":
            return await self._given_up(intent)
        if error and status in ("requires_payment_method", "canceled"):
            return declined(error)
        if status == "canceled":
            return _needs_authentication()
        raise PaymentsUnavailable(f"Stripe has not decided on {order.key} yet: {status}")

    async def _given_up(self, intent: Mapping[str, Any]) -> Declined:
        """Nobody is there to approve it, and nobody may do so later, when another charge was made."""
        await self._stripe.payment_intents.cancel_async(intent["id"])
        return _needs_authentication()

    async def refund(self, order: RefundOrder) -> Refunded | RefundRefused:
        with our_errors(f"the refund {order.key}"):
            try:
                refund = await self._refund_of(order) or await self._new_refund(order)
            except InvalidRequestError as error:
                return _refused(error)
            if refund["amount"] != order.cents:
                raise KeyUsedOtherwise(f"Stripe has {order.key} for another sum")
            if refund["status"] in ("failed", "canceled"):
                reason = "the money could not be sent back to the card"
                return RefundRefused(refund.get("failure_reason") or refund["status"], reason)
            return Refunded(refund["id"])

    async def _refund_of(self, order: RefundOrder) -> Mapping[str, Any] | None:
        listed = await self._stripe.refunds.list_async({"payment_intent": order.charge, "limit": PAGE})
        async for each in listed.auto_paging_iter():
            if _key(refund := each.to_dict()) == order.key:
                return refund
        return None

    async def _new_refund(self, order: RefundOrder) -> Mapping[str, Any]:
        made = await self._stripe.refunds.create_async(
            {"payment_intent": order.charge, "amount": order.cents, "metadata": {"key": order.key}},
            {"idempotency_key": f"refund-{order.key}"},
        )
        return made.to_dict()

    async def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[Movement]]:
        async for page in self._listed(self._stripe.payment_intents, from_ms, to_ms):
            yield [_charge(one) for one in page if one["status"] == "succeeded"]
        async for page in self._listed(self._stripe.refunds, from_ms, to_ms):
            yield [_refund(one) for one in page if one["status"] not in ("failed", "canceled")]

    async def _listed(
        self, service: Any, from_ms: int, to_ms: int
    ) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """Stripe counts seconds: the first that begins in the span, and the last that does."""
        created = {"gte": -(-from_ms // 1000), "lt": -(-to_ms // 1000)}
        with our_errors("the list of movements"):
            page = await service.list_async({"created": created, "limit": PAGE})
            while page.data:
                yield [each.to_dict() for each in page.data]
                if not page.has_more:
                    return
                page = await page.next_page_async()


@asynccontextmanager
async def open_stripe(keys: StripeKeys, api_base: str = STRIPE) -> AsyncIterator[StripePayments]:
    """Connections are made when they are needed, and closed with the block."""
    stripe.enable_telemetry = False  # how long our requests took is nobody's business
    http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=ANSWER_S))
    client = StripeClient(
        keys.secret, http_client=http, base_addresses={"api": api_base}, max_network_retries=TRIES
    )
    try:
        yield StripePayments(client, keys.publishable)
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


def _card_given(intent: Mapping[str, Any], customer: str) -> Card:
    if intent["customer"] != customer:
        raise _not_begun()
    status, refused = intent["status"], intent.get("last_setup_error")
    if status == "succeeded":
        method = intent["payment_method"]
        card = method["card"]
        return Card(method["id"], card["brand"], card["last4"], card["exp_month"], card["exp_year"])
    if status in ("requires_action", "requires_confirmation"):
        raise CardNeedsAuthentication("your bank wants you to approve this card", NEEDS_AUTHENTICATION)
    if status == "processing":
        raise PaymentsUnavailable("Stripe has not decided on this card yet")
    if refused or status == "canceled":
        why = declined(refused or {})
        raise CardRefused(why.reason, why.code)
    raise CardNotGiven("no card was given yet", "not_given")


def _not_begun() -> CardNotGiven:
    return CardNotGiven("this card was not begun here: begin again", "not_given")


def _needs_authentication() -> Declined:
    return Declined(NEEDS_AUTHENTICATION, "Your bank wants you to approve this payment.")


def _is_card_gone(error: InvalidRequestError) -> bool:
    """It, or its customer, was deleted; or it was taken from its customer and can never be used again."""
    return is_missing(error, "payment_method", "customer") or error.param == "payment_method"


def _refused(error: InvalidRequestError) -> RefundRefused:
    """Raises it when it is no answer to a refund."""
    if is_missing(error, "payment_intent"):
        return RefundRefused(UNKNOWN_CHARGE, "Stripe does not know this charge")
    if error.code == "charge_already_refunded" or error.param == "amount":
        return RefundRefused(MORE_THAN_LEFT, "so much of this charge is not left")
    if error.code is None:
        raise error
    return RefundRefused(error.code, error.user_message or "Stripe refuses this refund")


def _charge(intent: Mapping[str, Any]) -> Movement:
    cents = intent.get("amount_received") or intent["amount"]
    return _movement(Moved.CHARGE, intent, intent["id"], cents)


def _refund(refund: Mapping[str, Any]) -> Movement:
    return _movement(Moved.REFUND, refund, refund.get("payment_intent") or refund["charge"], refund["amount"])


def _movement(kind: Moved, told: Mapping[str, Any], charge: str, cents: int) -> Movement:
    return Movement(kind, told["id"], _key(told), charge, cents, told["currency"], told["created"] * 1000)


def _key(told: Mapping[str, Any]) -> str:
    return str((told.get("metadata") or {}).get("key", ""))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
