"""The link in a mail by which its reader says that they want no more of its kind; it needs no sign-in."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from backsight_cloud.domain.notices import OPTIONAL

LONGEST_TOKEN = 512  # characters
_BYTES = 16  # of the signature


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """HMAC-SHA256 over account and kind. It never ends: mails are old when people tidy up."""

    key: bytes = field(repr=False)

    def token(self, account: str, kind: str) -> str:
        """Good for refusing mail of this kind, and nothing else. Raises ValueError for a required one."""
        if kind not in OPTIONAL:
            raise ValueError(f"mail of kind {kind!r} is required")
        content = json.dumps([account, kind]).encode()
        return urlsafe_b64encode(self._signature(content) + content).decode("ascii").rstrip("=")

    def read(self, token: str) -> tuple[str, str] | None:
        """The account and the kind; None for a token that is not ours, or of a kind that is required now."""
        text = token[:LONGEST_TOKEN]
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            return None
        signature, content = raw[:_BYTES], raw[_BYTES:]
        if not hmac.compare_digest(self._signature(content), signature):
            return None
        account, kind = json.loads(content)
        return (account, kind) if kind in OPTIONAL else None

    def _signature(self, content: bytes) -> bytes:
        return hmac.new(self.key, b"unsubscribe\n" + content, hashlib.sha256).digest()[:_BYTES]
