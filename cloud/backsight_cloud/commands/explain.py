"""Answers support's questions with the engine's own rules; these need neither settings nor a database."""

import argparse
from collections.abc import Callable
from datetime import date, datetime

from backsight_cloud.commands.output import Answer
from backsight_cloud.domain.calendar import (
    Anchor,
    Cycle,
    anchored,
    bill_ms,
    local_time,
    moment_ms,
    start_of_day_ms,
    zone_named,
)
from backsight_cloud.domain.proration import period_days, prorated, unused_days
from backsight_shared.errors import NeedsAttention

MOST_BILLS = 1200
MOST_CENTS = 10**12

_EVERY = {Cycle.MONTH: "monthly", Cycle.YEAR: "yearly"}


class MakesNoSense(NeedsAttention):
    """The question contradicts itself, or leaves the calendar."""


def bill_dates(arguments: argparse.Namespace) -> Answer:
    """When a subscription is billed, its activation first."""
    zone = arguments.zone
    try:
        anchor = anchored(moment_ms(arguments.start, zone), zone, arguments.cycle)
        moments = [local_time(bill_ms(anchor, number), zone) for number in range(arguments.count)]
    except ValueError as error:
        raise MakesNoSense(str(error)) from error
    activated = f"subscription activated on {_read(anchor.local)} in {zone}"
    told = f"A {_EVERY[arguments.cycle]} {activated} is billed on"
    return Answer([_written(one) for one in moments], [told, *(_line(one, anchor) for one in moments)])


def proration(arguments: argparse.Namespace) -> Answer:
    """What the unused days of a period are worth."""
    try:
        unused, days, amount = _share(arguments)
    except ValueError as error:
        raise MakesNoSense(str(error)) from error
    value = {"unused_days": unused, "period_days": days, "amount": amount}
    told = (
        f"On {arguments.on} {unused} of the period's {days} days are unused: "
        f"{arguments.paid} x {unused} / {days}, rounded half up, is {amount} cents."
    )
    return Answer(value, [told])


BY_RULE: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "bill-dates": bill_dates,
    "proration": proration,
}


def a_local_time(text: str) -> datetime:
    """For argparse."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        local = None
    if local is None or local.tzinfo is not None or local.microsecond % 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a local time like 2026-01-31T10:00")
    return local


def a_date(text: str) -> date:
    """For argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from error


def a_zone(text: str) -> str:
    """For argparse."""
    try:
        zone_named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def a_number(least: int, most: int) -> Callable[[str], int]:
    """For argparse."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return number


def _share(arguments: argparse.Namespace) -> tuple[int, int, int]:
    moments = (arguments.period_start, arguments.on, arguments.period_end)
    start_ms, on_ms, end_ms = (start_of_day_ms(day, arguments.zone) for day in moments)
    if arguments.on < arguments.period_start:
        raise ValueError(f"on {arguments.on} the period from {arguments.period_start} on is still to come")
    days = period_days(start_ms, end_ms, arguments.zone)
    unused = unused_days(end_ms, on_ms, arguments.zone)
    return unused, days, prorated(arguments.paid, unused, days)


def _line(moment: datetime, anchor: Anchor) -> str:
    moved = moment.time() != anchor.local.time()
    return f"  {_read(moment)}" + (" (clocks are changed: the first moment that exists)" if moved else "")


def _written(local: datetime) -> str:
    """To the minute, or to what it needs."""
    if local.microsecond:
        return local.isoformat(timespec="milliseconds")
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _read(local: datetime) -> str:
    return _written(local).replace("T", " ")
