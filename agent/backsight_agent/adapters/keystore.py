"""Keeps what a hub has from being paired, in its state folder: its key, certificates, pairing, documents.

Every file has mode 0600 and is replaced atomically. `pairing.json` is written last when a hub is paired and
removed first when it is unpaired: with it the hub is paired, without it the other files mean nothing.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from backsight_agent.adapters.device_key import (
    Life,
    certificate_fits,
    certificate_life,
    certificate_request,
    new_key_pem,
)
from backsight_agent.adapters.private_files import remove_private, write_private
from backsight_shared import shapes
from backsight_shared.errors import Malformed, NeedsAttention, TryLater
from backsight_shared.wire import Certificate, Pairing


class KeystoreDamaged(NeedsAttention):
    """A file of the pairing is missing, unreadable or not what it must be."""


class KeystoreUnwritable(TryLater):
    """The disk does not take a file (it is full, perhaps)."""


class NotPaired(NeedsAttention):
    """This hub belongs to no cloud."""


@dataclass(frozen=True, slots=True)
class PairedHub:
    """What `pairing.json` says: who we are, and where our cloud and its broker are."""

    url: str  # the cloud's address, without a slash at its end
    cloud: str
    hub: str
    broker_host: str
    broker_port: int
    entitlement_keys: tuple[dict[str, str], ...]
    own_ca: bool = False  # the cloud's certificate is checked by cloud_ca.pem, not by the system's CAs


class Keystore:
    """The files of a hub's pairing. Reading is quick and blocks; the Vault's methods do not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.key_file = folder / "hub.key"
        self.certificate_file = folder / "hub.crt"
        self.ca_file = folder / "ca.crt"  # of the broker
        self.cloud_ca_file = folder / "cloud_ca.pem"
        self._pairing_file = folder / "pairing.json"
        self._document_file = folder / "entitlement.jws"

    def paired(self) -> PairedHub | None:
        """Our pairing, or None. Raises KeystoreDamaged."""
        try:
            text = self._pairing_file.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(self._pairing_file) from error
        try:
            return shapes.read(PairedHub, json.loads(text), self._pairing_file.name)
        except (ValueError, RecursionError, Malformed) as error:
            raise self._damaged(self._pairing_file) from error

    def pairing(self) -> PairedHub:
        """Our pairing. Raises NotPaired or KeystoreDamaged."""
        paired = self.paired()
        if paired is None:
            raise NotPaired("this hub is not paired with a cloud: run `backsight-agent pair URL CODE`")
        return paired

    def private_key_pem(self) -> bytes:
        """The hub's key. Raises KeystoreDamaged."""
        return self._read(self.key_file)

    def make_key(self) -> None:
        """A new key, for a new pairing."""
        _write(self.key_file, new_key_pem())

    def request_certificate(self) -> str:
        """A CSR for the hub's key. Raises KeystoreDamaged."""
        try:
            return certificate_request(self.private_key_pem())
        except ValueError as error:
            raise self._damaged(self.key_file) from error

    def fits(self, certificate_pem: str) -> bool:
        """Whether a certificate is for the hub's key."""
        return certificate_fits(certificate_pem, self.private_key_pem())

    def certificate_life(self) -> Life:
        """From when until when our certificate holds. Raises KeystoreDamaged."""
        try:
            return certificate_life(self._read(self.certificate_file).decode())
        except ValueError as error:
            raise self._damaged(self.certificate_file) from error

    def save_pairing(self, url: str, pairing: Pairing, cloud_ca_pem: bytes | None) -> None:
        """From now on the hub is paired."""
        if cloud_ca_pem is not None:
            _write(self.cloud_ca_file, cloud_ca_pem)
        self.replace_certificate(Certificate(pairing.certificate_pem, pairing.ca_pem))
        paired = PairedHub(
            url=url,
            cloud=pairing.cloud,
            hub=pairing.hub,
            broker_host=pairing.broker_host,
            broker_port=pairing.broker_port,
            entitlement_keys=pairing.entitlement_keys,
            own_ca=cloud_ca_pem is not None,
        )
        _write(self._pairing_file, json.dumps(shapes.write(paired), indent=2).encode())

    def replace_certificate(self, renewed: Certificate) -> None:
        """Use this certificate and this CA from the next connection on."""
        _write(self.ca_file, renewed.ca_pem.encode())
        _write(self.certificate_file, renewed.certificate_pem.encode())

    def forget_pairing(self) -> None:
        """The hub belongs to no cloud any more. Footage is not touched."""
        files = (self._pairing_file, self._document_file, self.certificate_file, self.ca_file)
        for file in (*files, self.cloud_ca_file, self.key_file):
            remove_private(file)

    async def load_document(self) -> str | None:
        """The documents in force, one a line, as saved. Raises KeystoreDamaged when they cannot be read."""
        try:
            return await asyncio.to_thread(self._document_file.read_text, "ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(self._document_file) from error

    async def save_document(self, document: str) -> None:
        """Durable when this returns. Raises KeystoreUnwritable."""
        await asyncio.to_thread(_write, self._document_file, document.encode("ascii"))

    def _read(self, file: Path) -> bytes:
        try:
            return file.read_bytes()
        except OSError as error:
            raise self._damaged(file) from error

    def _damaged(self, file: Path) -> KeystoreDamaged:
        return KeystoreDamaged(
            f"{file} is missing or damaged: put it back from a copy, or pair this hub anew"
            f" (unpair it in the cloud, remove {self._pairing_file}, run `backsight-agent pair URL CODE`)"
        )


def _write(file: Path, data: bytes) -> None:
    try:
        write_private(file, data)
    except OSError as error:
        raise KeystoreUnwritable(f"{file} cannot be written: {error.strerror}") from error
