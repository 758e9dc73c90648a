"""A mail as it goes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that the world sees of a mail. The same mail always has the same `message_id`."""

    message_id: str  # without its angle brackets
    name: str  # what to call a file that it is kept in
    at_ms: int  # when what it tells happened
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # besides those that every mail has
