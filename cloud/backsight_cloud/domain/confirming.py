"""Makes sure that what is erased was announced: a preview has a token that confirms it, and only it."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_TOKEN = 4096  # characters


@dataclass(frozen=True, slots=True)
class Confirmations:
    """HMAC-SHA256 over what a preview announced, for whom, and until when it may be confirmed."""

    key: bytes = field(repr=False)

    def token(self, announced: Mapping[str, object], expires_ms: int) -> str:
        """What confirms this preview. It can be read by who has it, and not be changed."""
        content = json.dumps({**announced, "expires": expires_ms}, sort_keys=True).encode()
        return f"{_text(content)}.{self._signature(content)}"

    def announced(self, token: str, now_ms: int) -> dict[str, object] | None:
        """What was announced; None for a token that is not ours or has ended."""
        text, _, signature = token[:LONGEST_TOKEN].partition(".")
        try:
            content = urlsafe_b64decode(text.encode("ascii"))
        except ValueError:
            return None
        if not hmac.compare_digest(self._signature(content).encode(), signature.encode()):
            return None
        announced: dict[str, object] = json.loads(content)
        expires_ms = announced.pop("expires")
        return announced if isinstance(expires_ms, int) and now_ms < expires_ms else None

    def _signature(self, content: bytes) -> str:
        return hmac.new(self.key, b"confirm\n" + content, hashlib.sha256).hexdigest()


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii")
