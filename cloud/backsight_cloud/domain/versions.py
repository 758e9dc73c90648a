"""Which version of a thing somebody read before they changed it, so that no change undoes another unseen."""

import hashlib
import json
from dataclasses import dataclass

from backsight_shared.errors import NeedsAttention


class Stale(NeedsAttention):
    """It was changed since it was read."""


def tag_of(*values: object) -> str:
    """A short text that is another one as soon as one of the values (numbers, texts, None, lists) is."""
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that may be changed; None is any."""

    tags: frozenset[str] | None

    def refuse_stale(self, tag: str) -> None:
        """Raises Stale unless this is the version that was read. Call it in the change's transaction."""
        if self.tags is not None and tag not in self.tags:
            raise Stale("it was changed since you read it: read it again")


ANY = Expected(None)
