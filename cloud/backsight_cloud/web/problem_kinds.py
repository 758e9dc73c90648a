"""The kinds of problems that an answer may name, with their stable addresses and what to do about each.

A kind's name is API: `"type": "/problems/<name>"` never changes its meaning. Declare new kinds beside the
code that raises them (`CARD_REFUSED = kind(402, "Card refused", "...")`), raise them with `Problem.of`, and
name them in `described(problems=...)`.
"""

import re
from dataclasses import dataclass

PATH = "/problems/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. The same title with the same status is always this kind."""

    status: int
    title: str
    what_to_do: str
    name: str

    @property
    def address(self) -> str:
        """What the member `type` of the answer says."""
        return PATH + self.name


_KINDS: dict[tuple[int, str], Kind] = {}
_NAMES: dict[str, Kind] = {}


def kind(status: int, title: str, what_to_do: str, name: str = "") -> Kind:
    """Declare a kind; its name is made from the title unless given. Raises ValueError when it is taken."""
    made = Kind(status, title, what_to_do, name or re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-"))
    before = _NAMES.get(made.name) or _KINDS.get((status, title))
    if before not in (None, made):
        raise ValueError(f"the kind of problem {made.name} ({status} {title}) is declared twice")
    _KINDS[status, title] = _NAMES[made.name] = made
    return made


def kind_of(status: int, title: str) -> Kind | None:
    """The declared kind, if it is one."""
    return _KINDS.get((status, title))


def all_kinds() -> list[Kind]:
    """In order of their names."""
    return sorted(_NAMES.values(), key=lambda each: each.name)


BAD_REQUEST = kind(
    400,
    "Bad request",
    "`field` names what is wrong in the request, `detail` says how it must be. Change it, ask again.",
)
NOT_SIGNED_IN = kind(401, "Not signed in", "Sign in with POST /v1/sessions and send its cookie.")
NOT_A_HUB = kind(
    401, "Not a paired hub", "Send a fresh token signed with the hub's key; pair again if it was unpaired."
)
REFUSED = kind(
    403,
    "Refused",
    "An unsafe request with a session needs `Origin` (or `Sec-Fetch-Site: same-origin`), a form also its "
    "token. A signed address that no longer holds: ask for a new one.",
)
NOT_ALLOWED = kind(403, "Not allowed", "This is for an operator of the service. Sign in as one.")
NOT_FOUND = kind(
    404, "Not Found", "There is nothing at this address. See /v1/openapi.json for what there is."
)
NO_SUCH_CAMERA = kind(
    404, "No such camera", "You have no camera of that identity. GET /v1/cameras lists those you have."
)
NOTHING_THERE = kind(
    404,
    "Nothing there",
    "Nothing was recorded there, or the plan no longer keeps it. `history` lists what there is.",
)
NOT_HERE = kind(404, "Not here", "Media are not put through this service. Use the address that was given.")
METHOD_NOT_ALLOWED = kind(405, "Method Not Allowed", "`Allow` lists the methods of this address.")
MORE_THAN_ONE_PART = kind(
    409, "More than one part", "`parts` lists each unbroken part with its address: ask for those."
)
NOT_CONFIRMED = kind(
    409,
    "Not confirmed",
    "What would go is no longer what was shown, or the confirmation is too old or another's. Ask for the "
    "preview again, show it, and send its `confirm`.",
)
IN_PROGRESS = kind(
    409,
    "In progress",
    "The first request with this `Idempotency-Key` has not ended. Wait `Retry-After` seconds, send it again.",
)
STALE = kind(
    412,
    "Stale",
    "It was changed since you read it. Read it again, decide again, send the new `ETag` in `If-Match`.",
)
TOO_LARGE = kind(413, "Too large", "`detail` says how much is taken.")
BODY_TOO_LARGE = kind(413, "Request Entity Too Large", "A body has at most 1 MiB.", name="body-too-large")
KEY_USED = kind(
    422,
    "Key used already",
    "This `Idempotency-Key` was sent with another request. Make a new key for a new request.",
)
CANNOT_BE_DONE = kind(
    422, "Refused", "`detail` says what stands in the way, and the way out.", name="cannot-be-done"
)
CONDITION_NEEDED = kind(
    428,
    "Condition needed",
    "Read the thing first and send its `ETag` in `If-Match`, so that no change is lost.",
)
TOO_MANY_TRIES = kind(429, "Too many tries", "Wait `Retry-After` seconds.")
OUR_MISTAKE = kind(500, "Our mistake", "Not yours. `detail` has a reference for whoever runs the service.")
TRY_AGAIN_LATER = kind(503, "Try again later", "Wait `Retry-After` seconds, then send the same again.")
