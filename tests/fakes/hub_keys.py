"""A hub's key as the agent makes it: certificate requests and tokens for tests of the cloud."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from backsight_shared.signing import sign_hub_token


class HubKey:
    """A P-256 device key."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def private_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def public_pem(self) -> str:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def csr(self, subject: str = "whatever") -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def token(self, hub: str, cloud: str, now_ms: int) -> str:
        return sign_hub_token(self.private_pem, hub, cloud, now_ms // 1000)
