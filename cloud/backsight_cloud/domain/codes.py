"""Codes that people type: to pair a hub, and to sign in when the phone with the one-time codes is lost."""

import hashlib
import secrets

CODE_LIFE_MS = 15 * 60 * 1000

_ALPHABET = "ACDEFGHJKLMNPQRTUWXY34679"  # no two that look or sound alike: no B8, I1, O0, S5, VU, Z2
_LENGTH = 9  # 25 ** 9 is 2 ** 41.8: not to be guessed while it holds
_GROUP = 3
_RECOVERY_LENGTH = 16  # 2 ** 74: they hold for years, and what is stored of them must not be guessed either
_RECOVERY_GROUP = 4


def make_code() -> str:
    """A new code as a person sees it: `ACD-3KM-9WX`."""
    return _made(_LENGTH, _GROUP)


def make_recovery_code() -> str:
    """A new code to be kept on paper: `ACDE-3KM9-WXPQ-R7T4`."""
    return _made(_RECOVERY_LENGTH, _RECOVERY_GROUP)


def code_hash(typed: str) -> str:
    """What is stored of a code, the same however it was typed: case, spaces and dashes do not matter."""
    return hashlib.sha256(b"backsight pairing code\0" + _plain(typed).encode()).hexdigest()


def recovery_code_hash(account: str, typed: str) -> str:
    """The same of a recovery code, which is one account's."""
    return hashlib.sha256(f"backsight recovery code\0{account}\0{_plain(typed)}".encode()).hexdigest()


def _made(length: int, group: int) -> str:
    plain = "".join(secrets.choice(_ALPHABET) for _ in range(length))
    return "-".join(plain[at : at + group] for at in range(0, length, group))


def _plain(typed: str) -> str:
    return "".join(letter for letter in typed.upper() if letter.isalnum())
