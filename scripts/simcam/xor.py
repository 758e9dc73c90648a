"""The XOR autokey cipher of the Kasa family: it hides nothing, it only has to match."""

import json
from typing import Any

FIRST_KEY = 0xAB


def encrypted(answer: dict[str, Any]) -> bytes:
    """The JSON of a message as it goes over the wire, without the length that TCP 9999 puts before it."""
    key = FIRST_KEY
    cipher = bytearray()
    for plain in json.dumps(answer).encode():
        key ^= plain
        cipher.append(key)
    return bytes(cipher)


def decrypted(cipher: bytes) -> dict[str, Any]:
    """The message of a cipher text; `ValueError` when it is none."""
    keys = bytes([FIRST_KEY]) + cipher
    plain = bytes(byte ^ key for byte, key in zip(cipher, keys, strict=False))
    if not plain.startswith(b"{"):
        raise ValueError("the message is not a JSON object")
    message: dict[str, Any] = json.loads(plain)
    return message
