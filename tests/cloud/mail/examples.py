"""A complete example of every kind of mail: its facts, and what a reader must find in it.

The account is in New York; moments are UTC milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.household import DAY_MS, DOOR, YARD

TOLD_MS = 1_780_624_800_000  # 2026-06-05T02:00:00Z: 4 June, 22:00 in New York
TOLD = "Thursday, 4 June 2026, 22:00 (America/New_York, UTC−4)"
LATER_MS = TOLD_MS + 30 * DAY_MS  # 4 July, 22:00
LATER = "Saturday, 4 July 2026, 22:00 (America/New_York, UTC−4)"
NAMES = {DOOR: "Front door", YARD: "Yard"}
LINK = "https://care.example.org/confirm/a-long-secret"


@dataclass(frozen=True, slots=True)
class Example:
    """Facts of a kind, and what must be in its subject, text and HTML."""

    facts: Mapping[str, Any]
    subject: str
    says: tuple[str, ...]


def leaving(at_ms: int) -> list[dict[str, Any]]:
    return [
        {
            "camera": DOOR,
            "name": "Front door",
            "count": 1234,
            "hours": 12.5,
            "size_bytes": 3_400_000_000,
            "from_ms": TOLD_MS - 30 * DAY_MS,
            "to_ms": TOLD_MS - 2 * DAY_MS,
            "at_ms": at_ms,
        },
        {"camera": YARD, "name": "Yard", "count": 0, "hours": 0, "size_bytes": 0, "from_ms": None,
         "to_ms": None, "at_ms": at_ms},
    ]  # fmt: skip


GONE = leaving(TOLD_MS)
AHEAD = leaving(LATER_MS)
HOW_MUCH = ("Front door", "1,234 clips", "12.5 hours", "3.4 GB", "5 May 2026, 22:00", "2 June 2026, 22:00")

EXAMPLES: Mapping[str, Example] = {
    "confirm_address": Example({"link": LINK, "until_ms": LATER_MS}, "Welcome", (LINK, LATER)),
    "account_exists": Example({"link": LINK, "at_ms": TOLD_MS}, "already", (LINK, TOLD)),
    "reset_password": Example({"link": LINK, "until_ms": LATER_MS}, "new password", (LINK, LATER)),
    "address_changes": Example(
        {"link": LINK, "until_ms": LATER_MS, "new": "new@example.org"},
        "confirm",
        (LINK, LATER, "new@example.org"),
    ),
    "address_changed": Example({"new": "new@example.org"}, "was changed", ("new@example.org", "/me")),
    "new_sign_in": Example(
        {"at_ms": TOLD_MS, "address": "203.0.113.9", "browser": "Firefox on Linux"},
        "New sign-in",
        (TOLD, "203.0.113.9", "Firefox on Linux", "/me"),
    ),
    "password_changed": Example({"at_ms": TOLD_MS}, "password was changed", (TOLD, "/me")),
    "second_factor_on": Example({"at_ms": TOLD_MS}, "codes are on", (TOLD, "recovery codes")),
    "second_factor_off": Example({"at_ms": TOLD_MS}, "codes are off", (TOLD, "/me")),
    "recovery_code_used": Example({"left": 2}, "recovery code", ("2 recovery codes", "/me")),
    "account_closed": Example(
        {"refunded_cents": 1479, "leaves": GONE}, "is closed", ("$14.79", *HOW_MUCH, "It is gone")
    ),
    "share_invited": Example(
        {"link": LINK, "camera": "Front door", "by": "anna@example.org"},
        "anna",
        (LINK, "Front door", "anna@example.org"),
    ),
    "share_ended": Example({"camera": DOOR}, "no longer shared", ("Front door", "/mail/unsubscribe/")),
    "trial_started": Example(
        {"plan": "plus", "camera": DOOR, "ends_ms": LATER_MS, "cycle": "month", "price_cents": 299},
        "trial of Plus",
        ("Plus", "Front door", LATER, "$2.99 each month", "/me"),
    ),
    "trial_ends_soon": Example(
        {"plan": "premium", "camera": None, "ends_ms": LATER_MS, "cycle": "year", "price_cents": 9999},
        "ends on 4 July 2026",
        ("Premium", LATER, "$99.99 for the first year", "/me"),
    ),
    "trial_ended": Example(
        {"plan": "plus", "camera": DOOR, "leaves": AHEAD},
        "has ended",
        ("Front door", *HOW_MUCH, LATER, "download"),
    ),
    "receipt": Example(
        {
            "number": "2026-000017",
            "lines": [
                {
                    "plan": "plus",
                    "camera": DOOR,
                    "cycle": "month",
                    "from_ms": TOLD_MS,
                    "to_ms": LATER_MS,
                    "cents": 299,
                },
                {
                    "plan": "premium",
                    "camera": None,
                    "cycle": "month",
                    "from_ms": TOLD_MS,
                    "to_ms": LATER_MS,
                    "cents": 999,
                },
            ],
            "total_cents": 1298,
            "credit_cents": 182,
            "charged_cents": 1116,
            "brand": "visa",
            "last4": "4242",
            "next_bill_ms": LATER_MS,
        },
        "Receipt 2026-000017: $12.98",
        (
            "2026-000017",
            "Front door",
            "4 June 2026 to 4 July 2026",
            "$2.99",
            "$9.99",
            "$12.98",
            "-$1.82",
            "$11.16",
            "Visa ending in 4242",
            LATER,
            TOLD,
        ),
    ),
    "credit_note": Example(
        {
            "number": "2026-000018",
            "lines": [
                {"plan": "plus", "camera": DOOR, "cents": 1479, "unused_days": 180, "period_days": 365}
            ],
            "refunded_cents": 1000,
            "credited_cents": 479,
            "brand": "visa",
            "last4": "4242",
        },
        "Credit note 2026-000018: $14.79",
        ("180 of 365 days", "$14.79", "$10.00", "$4.79", "Visa ending in 4242", "2026-000018"),
    ),
    "refund_failed": Example({"cents": 1479}, "$14.79", ("$14.79", "/me")),
    "renewal_ahead": Example(
        {"plan": "plus", "camera": DOOR, "days": 7, "bill_ms": LATER_MS, "price_cents": 2999},
        "renews on 4 July 2026",
        ("7 days", "Front door", LATER, "$29.99", "/me"),
    ),
    "card_expires": Example(
        {"brand": "visa", "last4": "4242", "month": 6, "year": 2026},
        "4242",
        ("Visa ending in 4242", "June 2026", "/me"),
    ),
    "card_saved": Example(
        {"brand": "mastercard", "last4": "4444"}, "4444", ("Mastercard ending in 4444", "/me")
    ),
    "charge_failed": Example(
        {
            "plan": "plus",
            "camera": DOOR,
            "cents": 299,
            "attempt": 1,
            "next_try_ms": TOLD_MS + DAY_MS,
            "stops_ms": LATER_MS,
            "reason": "your bank declined the card",
        },
        "$2.99",
        ("$2.99", "Front door", "your bank declined the card", "5 June 2026, 22:00", LATER, "/me"),
    ),
    "charge_recovered": Example({"plan": "plus", "camera": DOOR}, "went through", ("Plus", "Front door")),
    "plan_pending": Example(
        {"plan": "plus", "camera": DOOR, "starts_ms": LATER_MS, "price_cents": 299},
        "starts on 4 July 2026",
        ("Front door", LATER, "$2.99", "/me"),
    ),
    "plan_started": Example(
        {"plan": "plus", "camera": DOOR, "cycle": "month", "next_bill_ms": LATER_MS},
        "Plus is on",
        ("Front door", "each month", LATER, "/me"),
    ),
    "plan_changed": Example(
        {
            "from_plan": "premium",
            "to_plan": "plus",
            "cameras": [DOOR, YARD],
            "at_ms": TOLD_MS,
            "leaves": AHEAD,
        },
        "is Plus now",
        ("Premium", TOLD, "Front door", "Yard", *HOW_MUCH, LATER, "/me"),
    ),
    "cancelled": Example(
        {"plan": "plus", "camera": DOOR, "ends_ms": LATER_MS, "leaves": AHEAD},
        "will not renew",
        ("Front door", LATER, *HOW_MUCH, "download", "/me"),
    ),
    "resumed": Example(
        {"plan": "plus", "camera": DOOR, "bill_ms": LATER_MS}, "goes on", ("Front door", LATER)
    ),
    "plan_ended": Example(
        {"plan": "plus", "camera": DOOR, "reason": "unpaid", "leaves": GONE, "owed_cents": 299},
        "has ended",
        ("Front door", TOLD, *HOW_MUCH, "It is gone", "$2.99", "/me"),
    ),
    "cycle_changed": Example(
        {"cycle": "year", "next_bill_ms": LATER_MS}, "by the year", ("by the year", LATER)
    ),
    "price_changes": Example(
        {"plan": "plus", "cycle": "month", "old_cents": 299, "new_cents": 349, "from_ms": LATER_MS},
        "changes on 4 July 2026",
        ("$2.99 each month", "$3.49 each month", LATER, "/me"),
    ),
    "camera_added": Example(
        {"camera": DOOR, "name": "Front door"}, "Front door", ("Front door", "/mail/unsubscribe/")
    ),
    "camera_removed": Example(
        {"camera": DOOR, "name": "Front door", "leaves": GONE},
        "Front door",
        ("Front door", TOLD, *HOW_MUCH, "It is gone"),
    ),
    "plan_moved": Example(
        {"plan": "plus", "from_camera": DOOR, "to_camera": YARD}, "Plus moved", ("Front door", "Yard", "/me")
    ),
}
