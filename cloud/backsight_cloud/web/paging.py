"""Long lists in pages: `limit`, an opaque `cursor`, and `next` in the answer: the next page's cursor.

A cursor says only where a reader stopped. Whose list it is comes from the session, so that a made-up cursor
shows nothing but another part of one's own list.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from backsight_cloud.web.checking import AskedLoosely, bad_field
from backsight_cloud.web.problems import Problem

USUAL, MOST = 100, 1000  # lines of one page

T = TypeVar("T")
Row = TypeVar("Row")


class PageAsked(AskedLoosely):
    """The query of a list; lists with more to ask inherit from it."""

    limit: Annotated[int, Field(ge=1, le=MOST, description="lines in one answer, at most")] = USUAL
    cursor: Annotated[
        str | None,
        Field(max_length=400, description="the `next` of the answer before this one"),
    ] = None

    def behind(self, kind: type[T]) -> T | None:
        """The place behind which this page begins; None for the first page. Raises Problem 400."""
        return None if self.cursor is None else place_in(self.cursor, kind)

    @property
    def wanted(self) -> int:
        """How many rows to fetch: one more than are shown, to know whether there are more."""
        return self.limit + 1


def page(
    name: str,
    rows: Sequence[Row],
    asked: PageAsked,
    show: Callable[[Row], object],
    place: Callable[[Row], object],
) -> dict[str, object]:
    """The answer: the rows below `name`, and `next`, which is null on the last page."""
    shown = rows[: asked.limit]
    following = cursor_at(place(shown[-1])) if len(rows) > asked.limit else None
    return {name: [show(row) for row in shown], "next": following}


def cursor_at(place: object) -> str:
    """A number, a text, or a list of them, as a text without a meaning of its own."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_in(cursor: str, kind: type[T], name: str = "cursor") -> T:
    """What `cursor_at` was given, when it is of this kind; raises Problem 400."""
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise no_cursor(name) from None
    if type(place) is not kind:
        raise no_cursor(name)
    return place


def no_cursor(name: str = "cursor") -> Problem:
    """What is sent as a cursor is none of ours."""
    return bad_field(name, f"{name} must be what an earlier answer gave as next")
