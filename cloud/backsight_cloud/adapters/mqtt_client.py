"""Connects to our broker with a certificate that is made for the occasion."""

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aiomqtt import Client, ProtocolVersion

from backsight_cloud.adapters.authority import Authority
from backsight_cloud.adapters.secret_files import write_private
from backsight_shared.clock import Clock

TIMEOUT_S = 5.0  # seconds for the broker to answer one packet
KEEPALIVE_S = 20  # seconds
MOST_PENDING = 50  # calls at once; beyond, the library warns: the broker's adapter has fewer


@dataclass(frozen=True, slots=True)
class BrokerDoor:
    """Where the broker is, and who lets us in."""

    host: str
    port: int
    folder: Path  # private; keys lie there for a moment
    authority: Authority
    clock: Clock

    def client(self, name: str) -> Client:
        """A client, not yet connected, under this name. Only new sessions: the database is the truth."""
        client = Client(
            self.host,
            self.port,
            identifier=name,
            protocol=ProtocolVersion.V5,
            clean_start=True,
            tls_context=self._context(name),
            timeout=TIMEOUT_S,
            keepalive=KEEPALIVE_S,
        )
        client.pending_calls_threshold = MOST_PENDING
        return client

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.authority.ca_pem)
        pair = self.authority.make_client(name, self.clock.now_ms())
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:  # OpenSSL reads keys from files only
            certificate, key = Path(folder, "client.crt"), Path(folder, "client.key")
            write_private(certificate, pair.certificate_pem)
            write_private(key, pair.key_pem)
            context.load_cert_chain(certificate, key)
        return context
