"""The sandbox's test cards: which number does what; those that Stripe's users know do the same as there.

Others are refused, so that the number of a real card has no way in. A card is kept by its behaviour, never
by its number.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from backsight_cloud.payment_ports import CARD_EXPIRED, NEEDS_AUTHENTICATION


class Trouble(StrEnum):
    """What goes wrong with a card beside plain declines."""

    NONE = ""
    TIMES_OUT_AFTER = "times_out_after"  # each charge is made, and not answered the first time
    UNAVAILABLE_BEFORE = "unavailable_before"  # each charge is not made, and not answered the first time
    DECLINES_AFTER_FIRST = "declines_after_first"  # one charge goes through, no other does
    REFUNDS_REFUSED = "refunds_refused"
    REFUNDS_FAIL_LATER = "refunds_fail_later"  # the refund is made, and comes back
    REFUND_TIMES_OUT = "refund_times_out"  # each refund is made, and not answered the first time
    DISPUTED = "disputed"  # the owner asks the bank for the money back
    RENEWED = "renewed"  # when it expires, the bank sends a new one: same token, new expiry


@dataclass(frozen=True, slots=True)
class TestCard:
    """How a card behaves."""

    __test__ = False  # pytest: not a class of tests

    brand: str = "visa"
    at_setup: str = ""  # the code with which it is refused when it is given
    at_charge: str = ""  # the code of every decline when it is charged
    authenticate: bool = False  # the owner must approve it when it is given
    trouble: Trouble = Trouble.NONE


TEST_CARDS = {
    "4242424242424242": TestCard(),
    "5555555555554444": TestCard("mastercard"),
    "378282246310005": TestCard("amex"),
    "4000000000000002": TestCard(at_setup="generic_decline"),
    "4000000000009995": TestCard(at_setup="insufficient_funds"),
    "4000000000000069": TestCard(at_setup=CARD_EXPIRED),
    "4000000000000127": TestCard(at_setup="incorrect_cvc"),
    "4000000000000119": TestCard(at_setup="processing_error"),
    "4000002500003155": TestCard(authenticate=True),
    "4000002760003184": TestCard(authenticate=True, at_charge=NEEDS_AUTHENTICATION),
    "4000008260003178": TestCard(authenticate=True, at_charge="insufficient_funds"),
    "4000000000000341": TestCard(at_charge="generic_decline"),
    "4000000000000259": TestCard(trouble=Trouble.DISPUTED),
    "4000000000005126": TestCard(trouble=Trouble.REFUNDS_FAIL_LATER),
    # Stripe has no card for these.
    "4000009900000012": TestCard(trouble=Trouble.TIMES_OUT_AFTER),
    "4000009900000020": TestCard(trouble=Trouble.UNAVAILABLE_BEFORE),
    "4000009900000038": TestCard(trouble=Trouble.DECLINES_AFTER_FIRST),
    "4000009900000046": TestCard(trouble=Trouble.REFUNDS_REFUSED),
    "4000009900000053": TestCard(trouble=Trouble.REFUND_TIMES_OUT),
    "4000009900000061": TestCard(trouble=Trouble.RENEWED),
    "4000009900000079": TestCard(at_charge="insufficient_funds"),
    "4000009900000087": TestCard(at_charge="stolen_card"),
}

FINAL = frozenset({"stolen_card", "lost_card", "pickup_card", CARD_EXPIRED, "card_missing"})

_REASONS = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    CARD_EXPIRED: "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "stolen_card": "Your card was declined.",  # whoever has it is not told more
    NEEDS_AUTHENTICATION: "Your bank wants you to approve this payment.",
    "card_missing": "This card is not on file any more.",
}


def reason_of(code: str) -> str:
    """What the owner is told."""
    return _REASONS.get(code, _REASONS["generic_decline"])


def is_over(exp_month: int, exp_year: int, now_ms: int) -> bool:
    """A card holds until the end of its month; what is no month never began."""
    if not (1 <= exp_month <= 12 and 2000 <= exp_year <= 9998):
        return True
    last_day = calendar.monthrange(exp_year, exp_month)[1]
    end = datetime(exp_year, exp_month, last_day, 23, 59, 59, tzinfo=UTC)
    return end.timestamp() * 1000 + 1000 <= now_ms
