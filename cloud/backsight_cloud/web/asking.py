"""Reads numbers from a request's address, and says which of them is wrong."""

from aiohttp import web

from backsight_cloud.web.problems import Problem

LATEST_MS = 253_402_300_799_000  # the last moment of the year 9999: what a calendar can still name


def whole_number(request: web.Request, name: str, given: str | None) -> int:
    """A number that is not negative and fits into a database; raises Problem 400 with the field's name."""
    if given is None:
        raise Problem(400, "Bad request", f"{name} is missing", extra={"field": name})
    if not (given.isascii() and given.isdigit() and len(given) <= 15 and int(given) <= LATEST_MS):
        raise Problem(
            400,
            "Bad request",
            f"{name} must be a whole number of milliseconds since 1970",
            extra={"field": name},
        )
    return int(given)


def span_asked(request: web.Request, longest_ms: int | None = None) -> tuple[int, int]:
    """`from` and `to`, UTC milliseconds; raises Problem 400."""
    from_ms = whole_number(request, "from", request.query.get("from"))
    to_ms = whole_number(request, "to", request.query.get("to"))
    if to_ms <= from_ms:
        raise Problem(400, "Bad request", "to must be later than from", extra={"field": "to"})
    if longest_ms is not None and to_ms - from_ms > longest_ms:
        hours = longest_ms // 3_600_000
        raise Problem(
            400, "Bad request", f"to must be at most {hours} hours later than from", extra={"field": "to"}
        )
    return from_ms, to_ms
