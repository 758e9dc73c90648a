"""The service's own certificate for HTTPS and the broker: files that are renewed long before they end."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from backsight_cloud.adapters.authority import SERVER_LIFE, Authority
from backsight_cloud.adapters.secret_files import make_private_folder, write_private
from backsight_shared.clock import Clock


class ServerCertificate:
    """One certificate for all names by which this machine is reached."""

    def __init__(self, folder: Path, names: Sequence[str], authority: Authority, clock: Clock) -> None:
        self.file = folder / "server.crt"
        self.key_file = folder / "server.key"
        self.ca_file = folder / "ca.crt"
        self._names = (*names, "localhost", "127.0.0.1", "::1")
        self._authority = authority
        self._clock = clock
        self._until: datetime | None = None
        self._context: ssl.SSLContext | None = None
        make_private_folder(folder)
        self._make()

    def context(self) -> ssl.SSLContext:
        """For a listener; it goes on with each renewed certificate."""
        if self._context is None:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(self.file, self.key_file)
        return self._context

    def renew(self) -> bool:
        """Make the next one when two thirds of this one's life are over; whether that was so."""
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        if self._until is not None and self._until - now > SERVER_LIFE / 3:
            return False
        self._make()
        if self._context is not None:
            self._context.load_cert_chain(self.file, self.key_file)
        return True

    def _make(self) -> None:
        pair = self._authority.make_server(self._names, self._clock.now_ms())
        write_private(self.key_file, pair.key_pem)
        write_private(self.file, pair.certificate_pem)
        write_private(self.ca_file, self._authority.ca_pem.encode())
        self._until = pair.not_after
