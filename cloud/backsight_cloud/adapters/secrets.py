"""The service's own secrets, below `secrets/` in the state folder, made on first use."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from joserfc.errors import JoseError

from backsight_cloud.adapters.secret_files import SecretUnreadable, make_private_folder, read_or_make
from backsight_shared.signing import SigningKey


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be lost: hubs trust these keys."""

    identity: str  # the cloud's name in documents and tokens; not secret, but as lasting
    entitlement_key: SigningKey = field(repr=False)
    address_key: bytes = field(repr=False)  # signs the addresses under which hubs put objects
    account_key: bytes = field(repr=False)  # seals second factors: without it they are lost


def open_secrets(folder: Path) -> Secrets:
    """Read the secrets, or make them. Raises SecretUnreadable."""
    make_private_folder(folder)
    identity = read_or_make(folder / "identity", lambda: f"cloud-{secrets.token_hex(8)}".encode())
    key_file = folder / "entitlement.key"
    key_text = read_or_make(key_file, lambda: SigningKey.generate().to_private_jwk().encode())
    try:
        key = SigningKey.from_private_jwk(key_text.decode())
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise SecretUnreadable(f"{key_file}: is damaged: put it back from a backup") from error
    address_key = read_or_make(folder / "address.key", lambda: secrets.token_bytes(32))
    account_key = read_or_make(folder / "account.key", lambda: secrets.token_bytes(32))
    return Secrets(identity.decode().strip(), key, address_key, account_key)
