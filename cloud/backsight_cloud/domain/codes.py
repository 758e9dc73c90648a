"""Pairing codes: short enough to type from a page, long enough not to be guessed while they hold."""

import hashlib
import secrets

CODE_LIFE_MS = 15 * 60 * 1000

_ALPHABET = "ACDEFGHJKLMNPQRTUWXY34679"  # no two that look or sound alike: no B8, I1, O0, S5, VU, Z2
_LENGTH = 9  # 25 ** 9 is 2 ** 41.8
_GROUP = 3


def make_code() -> str:
    """A new code as a person sees it: `ACD-3KM-9WX`."""
    plain = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(plain[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def code_hash(typed: str) -> str:
    """What is stored of a code, the same however it was typed: case, spaces and dashes do not matter."""
    plain = "".join(letter for letter in typed.upper() if letter.isalnum())
    return hashlib.sha256(b"backsight pairing code\0" + plain.encode()).hexdigest()
