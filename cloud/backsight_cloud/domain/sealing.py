"""Encrypts small secrets that must be read again, so that a copy of the database alone opens nothing."""

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backsight_shared.errors import NeedsAttention

_NONCE_BYTES = 12


class Unsealable(NeedsAttention):
    """It was sealed with another key, for somebody else, or was damaged."""


@dataclass(frozen=True, slots=True)
class Seal:
    """AES-256-GCM. Whose secret it is, is protected as well: it cannot be moved to another account."""

    key: bytes = field(repr=False)  # 32 bytes

    def close(self, secret: bytes, owner: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return b64encode(nonce + AESGCM(self.key).encrypt(nonce, secret, owner.encode())).decode("ascii")

    def open(self, sealed: str, owner: str) -> bytes:
        """Raises Unsealable."""
        try:
            content = b64decode(sealed, validate=True)
            return AESGCM(self.key).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], owner.encode())
        except (ValueError, InvalidTag) as error:
            raise Unsealable(
                "a second factor cannot be read: put `secrets/account.key` back from a backup, "
                "or take the second factor off with `backsight-cloud account second-factor-off EMAIL`"
            ) from error
