"""The self-signed certificate that all simulated cameras of a process show."""

import datetime
import ssl
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

KEY_BITS = 2048
OLD_KEY_BITS = 1024
VALID = datetime.timedelta(days=3650)


@cache
def server_tls() -> ssl.SSLContext:
    """TLS as a camera speaks it: nobody can verify it."""
    return _context(KEY_BITS)


@cache
def old_tls() -> ssl.SSLContext:
    """TLS as a KC410S speaks it: a short key, no key exchange but RSA's own, nothing newer than 1.2."""
    context = _context(OLD_KEY_BITS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _context(key_bits: int) -> ssl.SSLContext:
    key = rsa.generate_private_key(public_exponent=65537, key_size=key_bits)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = _self_signed(key).public_bytes(serialization.Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if key_bits < KEY_BITS:
        context.set_ciphers("AES128-SHA:AES256-SHA:@SECLEVEL=0")
    with TemporaryDirectory() as folder:  # OpenSSL takes a chain only from a file
        both = Path(folder, "camera.pem")
        both.touch(mode=0o600)
        both.write_bytes(private + public)
        context.load_cert_chain(both)
    return context


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TPRI-DEVICE")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID)
        .sign(key, hashes.SHA256())
    )
