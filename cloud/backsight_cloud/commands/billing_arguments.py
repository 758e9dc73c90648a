"""What can be said on the command line about money."""

import argparse
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

MOST_CENTS = 10_000_00
MOST_NUMBER = 2**32


def a_moment(text: str) -> int:
    """For argparse: a moment with its offset, as UTC milliseconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a moment like 2027-01-01T00:00:00Z")
    return round(moment.timestamp() * 1000)


def some_cents(text: str) -> int:
    """For argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CENTS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of cents from 1 to {MOST_CENTS}")
    return int(text)


def add(
    subjects: Any, command: Callable[[Any, str, str], argparse.ArgumentParser], subject: Callable[..., Any]
) -> None:
    """`billing`, `reconcile`, `clock` and `simulate`."""
    verbs = subject(subjects, "billing", "see what an account pays for, and give money back")
    command(verbs, "show", "an account's plans, card, credit, and charges that can be refunded").add_argument(
        "email", metavar="EMAIL"
    )
    refund = command(verbs, "refund", "give back some of a charge")
    refund.add_argument("email", metavar="EMAIL")
    refund.add_argument("charge", metavar="CHARGE", help="as `billing show` shows it")
    refund.add_argument("cents", type=some_cents, metavar="CENTS")
    credit = command(verbs, "credit", "give credit, which pays the next bills")
    credit.add_argument("email", metavar="EMAIL")
    credit.add_argument("cents", type=some_cents, metavar="CENTS")
    compare = command(subjects, "reconcile", "compare the provider with the ledger, line by line")
    compare.add_argument("--days", type=int, default=31, metavar="N", help="back from now (default: 31)")
    clock = command(subjects, "clock", "show the service's clock, or move it forward (test mode)")
    clock.add_argument("--to", type=a_moment, metavar="MOMENT", help="like 2027-01-01T00:00:00Z")
    lives = command(
        subjects, "simulate", "live random accounts through years, and check all that must be true"
    )
    for name, least, text in (
        ("accounts", 1, "how many (default: 24)"),
        ("years", 1, "how long (default: 5)"),
        ("seed", 0, "the same seed, the same lives (default: 1)"),
        ("only", 0, "live just the account of this number, as it lives among the others"),
        ("jobs", 1, "processes (default: one for each core)"),
    ):
        default = {"accounts": 24, "years": 5, "seed": 1, "jobs": os.cpu_count() or 1}.get(name)
        lives.add_argument(f"--{name}", type=_from(least), default=default, metavar="N", help=text)


def _from(least: int) -> Callable[[str], int]:
    """For argparse."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= MOST_NUMBER:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {MOST_NUMBER}")
        return int(text)

    return number
