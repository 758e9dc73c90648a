"""Reads Stripe's webhooks. The signature is checked by Stripe's library, against the machine's own clock:
Stripe's clock does not move with ours in test mode.

Subscribe the endpoint to payment_intent.succeeded, payment_intent.payment_failed, refund.created,
refund.updated, refund.failed, charge.dispute.created and payment_method.automatically_updated. Anything else
may come, and is nothing to us.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stripe import SignatureVerificationError, WebhookSignature

from backsight_cloud.adapters.payments_stripe_errors import declined
from backsight_cloud.payment_ports import (
    HOOK_TOLERANCE_MS,
    BadHook,
    Card,
    CardUpdated,
    ChargeFailedLater,
    ChargeSettled,
    Disputed,
    HookEvent,
    RefundFailedLater,
    RefundSettled,
)

SIGNATURE = "stripe-signature"


class StripeHook:
    """Implements the port `PaymentHook`."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def read(self, body: bytes, headers: Mapping[str, str]) -> Sequence[HookEvent]:
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "")
        self._refuse_forged(body, given)
        try:
            told = json.loads(body)
            read = _READERS.get(told["type"])
            event = read(told["id"], told["data"]["object"]) if read else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadHook("this is no event of Stripe") from error
        return [] if event is None else [event]

    def _refuse_forged(self, body: bytes, given: str) -> None:
        try:
            WebhookSignature.verify_header(body, given, self._secret, HOOK_TOLERANCE_MS // 1000)
        except (SignatureVerificationError, ValueError, TypeError):
            # The library's error carries the whole body.
            raise BadHook("the Stripe-Signature is missing, wrong or too old") from None


def _succeeded(event: str, intent: Mapping[str, Any]) -> HookEvent:
    return ChargeSettled(event, _key(intent), intent["id"])


def _failed(event: str, intent: Mapping[str, Any]) -> HookEvent:
    code = declined(intent.get("last_payment_error") or {}).code
    return ChargeFailedLater(event, _key(intent), intent["id"], code)


def _refund(event: str, refund: Mapping[str, Any]) -> HookEvent | None:
    """One that is on its way says nothing new."""
    status = refund["status"]
    if status == "succeeded":
        return RefundSettled(event, _key(refund), refund["id"])
    if status in ("failed", "canceled"):
        return RefundFailedLater(event, _key(refund), refund["id"], refund.get("failure_reason") or status)
    return None


def _disputed(event: str, dispute: Mapping[str, Any]) -> HookEvent:
    return Disputed(event, dispute.get("payment_intent") or dispute["charge"], dispute["amount"])


def _updated(event: str, method: Mapping[str, Any]) -> HookEvent | None:
    card = method.get("card")
    if not card or not method.get("customer"):
        return None
    renewed = Card(method["id"], card["brand"], card["last4"], card["exp_month"], card["exp_year"])
    return CardUpdated(event, method["customer"], renewed)


def _key(told: Mapping[str, Any]) -> str:
    return str((told.get("metadata") or {}).get("key", ""))


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], HookEvent | None]] = {
    "payment_intent.succeeded": _succeeded,
    "payment_intent.payment_failed": _failed,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,  # its name before 2024
    "charge.dispute.created": _disputed,
    "payment_method.updated": _updated,
    "payment_method.automatically_updated": _updated,
}
