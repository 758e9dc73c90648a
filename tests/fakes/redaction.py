"""Finds secrets in what programs say: as they are, and as they are usually encoded on their way."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

SHORTEST = 6  # characters of an encoding; less is found by chance

# What no line may hold, whoever's it is: signed tokens, private keys, addresses' signatures, logins.
ALWAYS = (
    re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"signature=[0-9a-fA-F%_-]{8,}"),
    re.compile(r"(?i)\b(basic|bearer) [\w+/=.-]{8,}"),
    re.compile(r"(?i)[?&]token=[\w-]{8,}"),
    re.compile(r"\$argon2"),
)


def leaks(text: str, secrets: Mapping[str, str | bytes]) -> list[str]:
    """The names of the secrets that are in the text, with how they were written."""
    small = text.casefold()
    found = [
        f"{name} ({how})"
        for name, secret in secrets.items()
        for how, written in encodings(secret)
        if (written in text if how in _EXACT else written.casefold() in small)
    ]
    return found + [f"something like {one.pattern}" for one in ALWAYS if one.search(text)]


def encodings(secret: str | bytes) -> Iterator[tuple[str, str]]:
    """How a secret is written: in each way, those pieces of it that stay the same whatever is around it."""
    raw = secret.encode() if isinstance(secret, str) else secret
    ways: list[tuple[str, str]] = []
    if isinstance(secret, str):
        ways += [("plain", secret), ("quoted", quote_plus(secret))]
        ways += [("quoted", quote(secret)), ("quoted", quote(secret, safe=""))]
        ways += [("JSON", json.dumps(secret)[1:-1])]
    ways += [("hex", raw.hex()), *(("base64", piece) for piece in _base64(raw))]
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, raw, usedforsecurity=False).digest()
        ways += [(name, digest.hex()), *((f"base64 of {name}", piece) for piece in _base64(digest))]
    return ((how, written) for how, written in ways if len(written) >= SHORTEST)


_EXACT = frozenset({"base64", "base64 of md5", "base64 of sha1", "base64 of sha256"})


def _base64(raw: bytes) -> Iterable[str]:
    """In both alphabets, without what depends on the bytes before and behind it."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        first = (0, 2, 3)[before]
        piece = whole[first : len(whole) - (1 if (before + len(raw)) % 3 else 0)]
        yield piece
        yield piece.translate(str.maketrans("+/", "-_"))
