"""The hashes and ciphers of the Tapo family: the SslAes login, its sessions, and discovery."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

Json = dict[str, Any]

DISCOVERY_HEADER = 16  # bytes before the JSON, in question and answer


@dataclass(frozen=True)
class Handshake:
    """What both sides know after the first login message."""

    cnonce: str  # the client's
    nonce: str  # the camera's
    password_hash: str

    @property
    def device_confirm(self) -> str:
        """Proof that the camera knows the password."""
        return sha256(self.cnonce + self.password_hash + self.nonce) + self.nonce + self.cnonce

    @property
    def digest_password(self) -> str:
        """The client's proof."""
        return sha256(self.password_hash + self.cnonce + self.nonce) + self.cnonce + self.nonce

    def tag(self, body: str, seq: int) -> str:
        """The signature of a request."""
        return sha256(sha256(self.password_hash + self.cnonce) + body + str(seq))

    def encrypted(self, plain: bytes) -> str:
        """AES-128-CBC, base64."""
        return aes_encrypted(self._key("lsk"), self._key("ivb"), plain)

    def decrypted(self, text: str) -> bytes:
        """The reverse; `ValueError` when the padding is wrong."""
        decryptor = Cipher(algorithms.AES(self._key("lsk")), modes.CBC(self._key("ivb"))).decryptor()
        unpadder = PKCS7(128).unpadder()
        padded = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()

    def _key(self, use: str) -> bytes:
        hashed = sha256(self.cnonce + self.password_hash + self.nonce)
        return hashlib.sha256((use + self.cnonce + self.nonce + hashed).encode()).digest()[:16]


def sha256(text: str) -> str:
    """The upper-case hexadecimal form that this family uses everywhere."""
    return hashlib.sha256(text.encode()).hexdigest().upper()


def aes_encrypted(key: bytes, iv: bytes, plain: bytes) -> str:
    """AES-128-CBC with padding, base64."""
    padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def discovery_answer(question: bytes, public: Json, private: Json) -> bytes | None:
    """A reply to a discovery question; the private part is encrypted for the one who asked."""
    try:
        asked = json.loads(question[DISCOVERY_HEADER:])
        key = serialization.load_pem_public_key(asked["params"]["rsa_key"].encode())
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(key, rsa.RSAPublicKey):
        return None
    result = {**public, "encrypt_info": _encrypt_info(key, private)}
    header = question[:DISCOVERY_HEADER]
    return header + json.dumps({"result": result, "error_code": 0}).encode()


def _encrypt_info(key: rsa.RSAPublicKey, private: Json) -> Json:
    secret = os.urandom(32)
    oaep = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return {
        "sym_schm": "AES",
        "key": base64.b64encode(key.encrypt(secret, oaep)).decode(),
        "data": aes_encrypted(secret[:16], secret[16:], json.dumps(private).encode()),
    }
