"""Says how much of a paid period is unused, in whole calendar days, and what that is worth, to the cent."""

from datetime import timedelta

from backsight_cloud.domain.calendar import local_date

_DAY = timedelta(days=1)


def unused_days(next_bill_ms: int, on_ms: int, zone: str) -> int:
    """The whole days from tomorrow to the day before the next bill date's, both included; today is used."""
    days = (local_date(next_bill_ms, zone) - local_date(on_ms, zone)) // _DAY
    return max(days - 1, 0)


def period_days(start_ms: int, end_ms: int, zone: str) -> int:
    """The days from the start's to the one before the end's. Raises ValueError for a period without a day."""
    days = (local_date(end_ms, zone) - local_date(start_ms, zone)) // _DAY
    if days < 1:
        raise ValueError("a period must end on a later day than it starts")
    return days


def prorated(paid_cents: int, unused: int, days: int) -> int:
    """The unused days' share of what was paid, rounded half up to the cent. Raises ValueError."""
    if paid_cents < 0:
        raise ValueError(f"what was paid cannot be less than nothing: {paid_cents}")
    if days < 1 or not 0 <= unused <= days:
        raise ValueError(f"{unused} unused days of {days} make no sense")
    return (2 * paid_cents * unused + days) // (2 * days)
