"""Decides which e-mail addresses, passwords and time zones an account can have."""

import re

from backsight_cloud.domain.calendar import zone_named
from backsight_shared.errors import NeedsAttention

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024  # characters; hashing a longer one would cost us more than it protects
LONGEST_EMAIL = 320

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")


class BadAccount(NeedsAttention):
    """An account cannot be like this; the text says why, `field` says what."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def plain_email(email: str) -> str:
    """As it is compared and kept: without case and blanks around it. Raises BadAccount."""
    if not _EMAIL.fullmatch(email.strip()):
        raise BadAccount(f"{email[:LONGEST_EMAIL]!r} is not an e-mail address", "email")
    return email.strip().lower()


def refuse_bad_password(password: str, email: str = "") -> None:
    """Raises BadAccount."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadAccount(
            f"the password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", "password"
        )
    if email and password.strip().lower() == email:
        raise BadAccount("the password must not be the e-mail address", "password")


def refuse_bad_zone(zone: str) -> None:
    """Raises BadAccount."""
    try:
        zone_named(zone)
    except ValueError as error:
        raise BadAccount(str(error), "zone") from error
