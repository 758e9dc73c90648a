"""What accounts and pairing need from the outside: certificates for hubs, and hashes of passwords."""

from dataclasses import dataclass
from typing import Protocol

from backsight_shared.errors import NeedsAttention


class BadRequestForCertificate(NeedsAttention):
    """The certificate request is not one, or is not signed by its own key."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate for a hub's key."""

    certificate_pem: str
    public_key_pem: str
    serial: str  # hex
    not_after_ms: int


class CertificateAuthority(Protocol):
    """Makes the short-lived certificates of hubs."""

    @property
    def ca_pem(self) -> str: ...

    def issue(self, csr_pem: str, hub: str, now_ms: int) -> Issued:
        """Check the CSR's proof of possession, ignore its subject, certify its key for the hub.

        Raises BadRequestForCertificate.
        """
        ...


class Passwords(Protocol):
    """argon2id, in a bounded pool."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, password_hash: str, password: str) -> bool: ...
