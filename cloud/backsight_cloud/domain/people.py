"""Who an account is, and what belongs to signing in and to sharing, as values."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What an account may do. A shared viewer is an owner who was let in to somebody else's camera."""

    OWNER = "owner"
    OPERATOR = "operator"  # of the service: its health and its billing, never video


class TokenKind(StrEnum):
    """What a token that was mailed, or given to a browser, is good for."""

    CONFIRM = "confirm"  # the address of a new account; `data` is the password's hash of that sign-up
    RESET = "reset"  # a forgotten password
    ADDRESS = "address"  # another e-mail address, which is in `data`
    SECOND_STEP = "second_step"  # the password was right: a code signs in


@dataclass(frozen=True, slots=True)
class Token:
    """A permission that is used once. Only the hash of it is stored."""

    token_hash: str = field(repr=False)
    account: str
    kind: TokenKind
    expires_ms: int
    data: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The one-time codes of an account. They are asked for from `confirmed_ms` on."""

    account: str
    sealed: str = field(repr=False)  # the secret, encrypted (`domain.sealing`)
    confirmed_ms: int | None = None
    last_step: int = 0  # of the newest code that was used: it and older ones are worth nothing any more


@dataclass(frozen=True, slots=True)
class Share:
    """Another account may look at a camera."""

    id: str
    camera: str
    viewer: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whoever has this e-mail address may accept to look at a camera."""

    id: str
    camera: str
    email: str  # lower case
    created_ms: int
    expires_ms: int
