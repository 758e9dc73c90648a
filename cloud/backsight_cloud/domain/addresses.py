"""Signs the addresses at which a hub may put exactly one object: the address itself is the permission."""

import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

PATH = "/v1/objects/"


@dataclass(frozen=True, slots=True)
class AddressSigner:
    """HMAC-SHA256 over what the address permits: which object, how large, until when."""

    key: bytes = field(repr=False)

    def address(self, object_key: str, size_bytes: int, expires_ms: int) -> str:
        """A path below the cloud's address."""
        signature = self._signature(object_key, size_bytes, expires_ms)
        permission = {"size": size_bytes, "expires": expires_ms, "signature": signature}
        return f"{PATH}{quote(object_key)}?{urlencode(permission)}"

    def is_ours(self, object_key: str, size_bytes: int, expires_ms: int, signature: str) -> bool:
        """Whether we signed exactly this; it may have ended."""
        expected = self._signature(object_key, size_bytes, expires_ms)
        return hmac.compare_digest(expected.encode(), signature.encode())

    def _signature(self, object_key: str, size_bytes: int, expires_ms: int) -> str:
        permission = f"put\n{object_key}\n{size_bytes}\n{expires_ms}"
        return hmac.new(self.key, permission.encode(), hashlib.sha256).hexdigest()
