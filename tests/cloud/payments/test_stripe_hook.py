"""Stripe's webhooks are taken when Stripe signed them just now; everything else is refused, or nothing to us.

The bodies have the shapes of Stripe's public reference of events, written by us.
"""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from backsight_cloud.adapters.payments_stripe_hook import StripeHook
from backsight_cloud.payment_ports import (
    BadHook,
    CardUpdated,
    ChargeFailedLater,
    ChargeSettled,
    Disputed,
    HookEvent,
    RefundFailedLater,
    RefundSettled,
)

SECRET = "whsec_test_of_ours"
HOOK = StripeHook(SECRET)


def signed(body: bytes, *, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    moment = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={mac},v0=old"}


def an_event(kind: str, **thing: Any) -> bytes:
    event = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1_795_521_600,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        "data": {"object": thing},
    }
    return json.dumps(event).encode()


def read(kind: str, **thing: Any) -> list[HookEvent]:
    body = an_event(kind, **thing)
    return list(HOOK.read(body, signed(body)))


INTENT = {"id": "pi_1", "object": "payment_intent", "amount": 299, "metadata": {"key": "k1"}}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "amount": 100,
    "payment_intent": "pi_1",
    "metadata": {"key": "r1"},
}
METHOD = {
    "id": "pm_1",
    "object": "payment_method",
    "customer": "cus_1",
    "card": {"brand": "visa", "last4": "1881", "exp_month": 8, "exp_year": 2031},
}


def test_a_charge_that_was_made() -> None:
    assert read("payment_intent.succeeded", **INTENT, status="succeeded") == [
        ChargeSettled("evt_1", "k1", "pi_1")
    ]


def test_a_charge_that_was_declined() -> None:
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "no"}
    assert read("payment_intent.payment_failed", **INTENT, last_payment_error=error) == [
        ChargeFailedLater("evt_1", "k1", "pi_1", "insufficient_funds")
    ]


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "charge.refund.updated"])
def test_a_refund_that_arrived(kind: str) -> None:
    assert read(kind, **REFUND, status="succeeded") == [RefundSettled("evt_1", "r1", "re_1")]


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated"])
def test_a_refund_that_failed(kind: str) -> None:
    assert read(kind, **REFUND, status="failed", failure_reason="lost_or_stolen_card") == [
        RefundFailedLater("evt_1", "r1", "re_1", "lost_or_stolen_card")
    ]


def test_a_refund_on_its_way_says_nothing_new() -> None:
    assert read("refund.created", **REFUND, status="pending") == []


def test_a_dispute_names_the_charge_as_we_do() -> None:
    dispute = {"id": "du_1", "object": "dispute", "amount": 299, "charge": "ch_1", "payment_intent": "pi_1"}
    assert read("charge.dispute.created", **dispute) == [Disputed("evt_1", "pi_1", 299)]


@pytest.mark.parametrize("kind", ["payment_method.automatically_updated", "payment_method.updated"])
def test_a_card_that_the_bank_renewed(kind: str) -> None:
    [event] = read(kind, **METHOD)
    assert isinstance(event, CardUpdated)
    assert (event.customer, event.card.token, event.card.last4) == ("cus_1", "pm_1", "1881")


def test_a_method_that_is_nobodys_or_no_card_is_nothing_to_us() -> None:
    assert read("payment_method.updated", **{**METHOD, "customer": None}) == []
    assert read("payment_method.updated", **{**METHOD, "card": None}) == []


def test_a_charge_that_we_did_not_ask_for_has_no_key() -> None:
    assert read("payment_intent.succeeded", **{**INTENT, "metadata": {}}) == [
        ChargeSettled("evt_1", "", "pi_1")
    ]


@pytest.mark.parametrize("kind", ["customer.created", "invoice.paid", "charge.refunded", "something.new"])
def test_what_is_not_our_concern_is_nothing(kind: str) -> None:
    assert read(kind, id="x_1") == []


def test_the_same_event_twice_has_the_same_name() -> None:
    assert read("payment_intent.succeeded", **INTENT) == read("payment_intent.succeeded", **INTENT)


def test_one_of_several_signatures_is_enough() -> None:
    """Stripe signs with the old secret and the new one while a secret is exchanged."""
    body = an_event("payment_intent.succeeded", **INTENT)
    header = signed(body)["Stripe-Signature"]
    both = header.replace("v1=", "v1=" + "0" * 64 + ",v1=")
    assert HOOK.read(body, {"stripe-signature": both})


def test_a_forged_signature_is_refused() -> None:
    body = an_event("payment_intent.succeeded", **INTENT)
    with pytest.raises(BadHook):
        HOOK.read(body, signed(body, secret="whsec_another"))


def test_a_changed_body_is_refused() -> None:
    body = an_event("payment_intent.succeeded", **INTENT)
    with pytest.raises(BadHook):
        HOOK.read(body.replace(b"299", b"999"), signed(body))


def test_a_signature_older_than_five_minutes_is_refused() -> None:
    body = an_event("payment_intent.succeeded", **INTENT)
    assert HOOK.read(body, signed(body, at=int(time.time()) - 290))
    with pytest.raises(BadHook):
        HOOK.read(body, signed(body, at=int(time.time()) - 310))


@pytest.mark.parametrize("header", ["", "t=1", "v1=x", "t=x,v1=y", "nonsense", "t=1,v1=ü", ",,,"])
def test_a_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(BadHook):
        HOOK.read(an_event("payment_intent.succeeded", **INTENT), {"Stripe-Signature": header})


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{}", b'{"type": []}', b'{"type": "payment_intent.succeeded"}', b"\xff\xfe"],
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        HOOK.read(body, signed(body))


def test_a_refusal_repeats_nothing_of_the_body() -> None:
    body = an_event("payment_intent.succeeded", **INTENT, client_secret="pi_1_secret_2")
    with pytest.raises(BadHook) as refused:
        HOOK.read(body, {})
    assert "secret_2" not in str(refused.value)
    assert refused.value.__suppress_context__
