"""Our own certificate authority: certificates for hubs, for this service, and the list of revoked ones."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backsight_cloud.adapters.secret_files import SecretUnreadable, read_or_make
from backsight_cloud.identity_ports import BadRequestForCertificate, Issued
from backsight_shared.clock import Clock

HUB_LIFE = timedelta(days=14)  # renewed by the hub at two thirds
SERVER_LIFE = timedelta(days=365)
CA_LIFE = timedelta(days=20 * 365)
LIST_LIFE = timedelta(days=10 * 365)  # OpenSSL refuses everyone by a list that has ended

_SLACK = timedelta(hours=1)  # clocks differ: certificates begin a little before they are made
_LONGEST_REQUEST = 16 * 1024  # characters


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate with its private key, for our own use."""

    certificate_pem: bytes
    key_pem: bytes
    not_after: datetime


class Authority:
    """Implements the port `CertificateAuthority`, and makes the service's own certificates."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate

    @property
    def ca_pem(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, csr_pem: str, hub: str, now_ms: int) -> Issued:
        """Certify the key of the request for the hub; whatever name it asks for is ignored."""
        public_key, now = _proven_key(csr_pem), _moment(now_ms)
        not_after = now + HUB_LIFE
        builder = self._begin(hub, public_key, now, not_after)
        certificate = self._sign(_for(builder, ExtendedKeyUsageOID.CLIENT_AUTH))
        return Issued(
            certificate_pem=_pem(certificate).decode(),
            public_key_pem=_public_pem(public_key),
            serial=f"{certificate.serial_number:x}",
            not_after_ms=int(not_after.timestamp() * 1000),
        )

    def make_client(self, name: str, now_ms: int) -> KeyPair:
        """A client certificate with a new key: the service's, or one in a hub's name to end its session."""
        key, now = ec.generate_private_key(ec.SECP256R1()), _moment(now_ms)
        builder = self._begin(name, key.public_key(), now, now + HUB_LIFE)
        certificate = self._sign(_for(builder, ExtendedKeyUsageOID.CLIENT_AUTH))
        return KeyPair(_pem(certificate), _private_pem(key), now + HUB_LIFE)

    def make_server(self, names: Iterable[str], now_ms: int) -> KeyPair:
        """A server certificate with a new key for these host names and addresses."""
        chosen = list(dict.fromkeys(names))
        key, now = ec.generate_private_key(ec.SECP256R1()), _moment(now_ms)
        builder = self._begin(chosen[0][:64], key.public_key(), now, now + SERVER_LIFE)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in chosen]), critical=False
        )
        certificate = self._sign(_for(builder, ExtendedKeyUsageOID.SERVER_AUTH))
        return KeyPair(_pem(certificate), _private_pem(key), now + SERVER_LIFE)

    def revocation_list(self, serials: Iterable[str], now_ms: int) -> bytes:
        """The signed list of certificates that no longer count."""
        now = _moment(now_ms)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._certificate.subject)
        builder = builder.last_update(now - _SLACK).next_update(now + LIST_LIFE)
        for serial in sorted(serials):
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
            builder = builder.add_revoked_certificate(entry.revocation_date(now - _SLACK).build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _begin(
        self, name: str, public_key: CertificatePublicKeyTypes, now: datetime, not_after: datetime
    ) -> x509.CertificateBuilder:
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self._certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SLACK)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(ours, critical=False)
            .add_extension(_SIGN_ONLY, critical=True)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._key, hashes.SHA256())


class AuthorityOfNow:
    """Implements the port `CertificateAuthority` by the machine's clock: TLS goes by no other."""

    def __init__(self, authority: Authority, machine: Clock) -> None:
        self._authority, self._machine = authority, machine

    @property
    def ca_pem(self) -> str:
        return self._authority.ca_pem

    def issue(self, csr_pem: str, hub: str, now_ms: int) -> Issued:
        return self._authority.issue(csr_pem, hub, self._machine.now_ms())


def open_authority(folder: Path, now_ms: int) -> Authority:
    """Read `ca.key` and `ca.crt`, or make them. Raises SecretUnreadable."""
    key_file = folder / "ca.key"
    key_pem = read_or_make(key_file, lambda: _private_pem(ec.generate_private_key(ec.SECP256R1())))
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except ValueError as error:
        raise SecretUnreadable(f"{key_file}: is damaged: put it back from a backup") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SecretUnreadable(f"{key_file}: is not a key of the kind that we make")
    certificate_pem = read_or_make(folder / "ca.crt", lambda: _self_signed(key, _moment(now_ms)))
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    if _public_pem(certificate.public_key()) != _public_pem(key.public_key()):
        raise SecretUnreadable(f"{folder / 'ca.crt'}: does not belong to ca.key: put both back from a backup")
    return Authority(key, certificate)


def _proven_key(csr_pem: str) -> ec.EllipticCurvePublicKey:
    if len(csr_pem) > _LONGEST_REQUEST:
        raise BadRequestForCertificate("the certificate request is too long")
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        key, proven = request.public_key(), request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature, x509.InvalidVersion) as error:
        raise BadRequestForCertificate("the certificate request cannot be read") from error
    if not proven:
        raise BadRequestForCertificate("the certificate request is not signed by its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadRequestForCertificate("the certificate request must be for a P-256 key")
    return key


def _self_signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    name = _named("Backsight certificate authority")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_SIGN_CERTIFICATES, critical=True)
    )
    return _pem(builder.sign(key, hashes.SHA256()))


def _usage(*, signs: bool, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


_SIGN_ONLY = _usage(signs=True, certifies=False)
_SIGN_CERTIFICATES = _usage(signs=False, certifies=True)


def _for(builder: x509.CertificateBuilder, use: x509.ObjectIdentifier) -> x509.CertificateBuilder:
    return builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _moment(now_ms: int) -> datetime:
    return datetime.fromtimestamp(now_ms / 1000, UTC).replace(microsecond=0)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _public_pem(key: CertificatePublicKeyTypes) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()
