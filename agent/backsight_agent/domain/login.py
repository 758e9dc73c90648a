"""A name and a password, kept out of logs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Login:
    """How to sign in at a camera. The password never shows in a repr."""

    username: str
    password: str = field(repr=False)
