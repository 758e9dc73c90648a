"""One-time codes by time (RFC 6238, SHA-1, 30 seconds, six digits): what every authenticator app shows."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

STEP_MS = 30_000
DIGITS = 6

_SECRET_BYTES = 20  # RFC 4226: as long as the hash
_DRIFT = (-1, 0, 1)  # steps that a phone's clock may be off


def new_secret() -> bytes:
    return secrets.token_bytes(_SECRET_BYTES)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one step of time."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(secret: bytes, code: str, now_ms: int, last_step: int) -> int | None:
    """The step whose code this is, near now and later than the last used; None for a wrong or used code."""
    now, found = now_ms // STEP_MS, None
    for step in (now + drift for drift in _DRIFT):
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if same and step > last_step and found is None:
            found = step
    return found


def typed(secret: bytes) -> str:
    """The secret as a person types it into an app."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def uri(secret: bytes, email: str, issuer: str) -> str:
    """What a QR code for an app holds."""
    said = {"secret": typed(secret), "issuer": issuer, "period": STEP_MS // 1000, "digits": DIGITS}
    return f"otpauth://totp/{quote(f'{issuer}:{email}', safe='@:')}?{urlencode(said)}"
