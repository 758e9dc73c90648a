"""The hub's own key and what is made with it: P-256, made here, never sent anywhere."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Life:
    """From when until when a certificate holds."""

    from_ms: int
    until_ms: int


def new_key_pem() -> bytes:
    """A new private key, for a file of mode 0600."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_request(key_pem: bytes) -> str:
    """A CSR: proves that we hold the key. Who we are is for the cloud to say, whatever the subject."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "backsight-hub")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(_key(key_pem), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def certificate_fits(certificate_pem: str, key_pem: bytes) -> bool:
    """Whether the certificate was issued for this key; False also for what is no certificate."""
    try:
        certified = x509.load_pem_x509_certificate(certificate_pem.encode()).public_key()
    except ValueError:
        return False
    return _public_pem(certified) == _public_pem(_key(key_pem).public_key())


def certificate_life(certificate_pem: str) -> Life:
    """Raises ValueError for what is no certificate."""
    certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
    from_s = certificate.not_valid_before_utc.timestamp()
    until_s = certificate.not_valid_after_utc.timestamp()
    return Life(int(from_s * 1000), int(until_s * 1000))


def _key(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic-curve key")  # noqa: TRY004 - the file has a wrong value in it
    return key


def _public_pem(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
