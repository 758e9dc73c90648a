"""Signs and checks the documents and tokens that hub and cloud exchange.

Entitlements: JWS, alg `Ed25519` (RFC 9864), pinned, with their own `typ`. Hub tokens: JWT, ES256, signed with
the device key that the hub's certificate was issued for. Private keys never leave the side that made them.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from backsight_shared.errors import NeedsAttention

ENTITLEMENT_TYPE = "backsight-entitlement+jwt"
HUB_TOKEN_TYPE = "backsight-hub+jwt"  # noqa: S105 - the name of a type, not a secret
HUB_TOKEN_LIFE_S = 300  # seconds; long enough for a batch, short enough that a stolen one is worth little

_ENTITLEMENT = jws.JWSRegistry(algorithms=["Ed25519"])
_HUB_TOKEN = jws.JWSRegistry(algorithms=["ES256"])

_UNREADABLE = (JoseError, ValueError, RecursionError)  # the last: JSON that is nested too deeply


class BadSignature(NeedsAttention):
    """A document was not signed by whom it must be signed by, or is not what it says it is."""


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 key pair with its identity (`kid`, the key's RFC 7638 thumbprint)."""

    key: OKPKey

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new key."""
        return cls(OKPKey.generate_key("Ed25519"))

    @classmethod
    def from_private_jwk(cls, text: str) -> "SigningKey":
        """The key as `to_private_jwk` wrote it."""
        return cls(OKPKey.import_key(json.loads(text)))

    @property
    def kid(self) -> str:
        return self.key.thumbprint()

    def to_private_jwk(self) -> str:
        """The key with its secret part, for a file of mode 0600."""
        return json.dumps(self.key.as_dict(private=True))

    def to_public_jwk(self) -> dict[str, str]:
        """What a hub keeps to check signatures."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": str(self.key.as_dict(private=False)["x"]),
            "kid": self.kid,
        }


def sign_entitlement(claims: dict[str, Any], key: SigningKey) -> str:
    """The document as a compact JWS."""
    header = {"alg": "Ed25519", "typ": ENTITLEMENT_TYPE, "kid": key.kid}
    return jws.serialize_compact(header, json.dumps(claims).encode(), key.key, registry=_ENTITLEMENT)


def verify_entitlement(document: str, public_jwks: tuple[dict[str, str], ...]) -> dict[str, Any]:
    """The claims of a document signed with one of the keys; raises BadSignature."""
    kid = _header(document, ENTITLEMENT_TYPE, "Ed25519").get("kid")
    jwk = next((jwk for jwk in public_jwks if jwk.get("kid") == kid), None)
    if jwk is None:
        raise BadSignature("the entitlement is signed with a key that this hub was never given")
    try:
        key = OKPKey.import_key(dict(jwk))
    except _UNREADABLE as error:
        raise BadSignature("the key that this hub was given to check entitlements with is damaged") from error
    return _claims(document, key, _ENTITLEMENT)


def sign_hub_token(private_key_pem: bytes, hub: str, cloud: str, now_s: int) -> str:
    """A short-lived token by which a hub proves who it is, for one cloud."""
    claims = {"iss": hub, "aud": cloud, "iat": now_s, "exp": now_s + HUB_TOKEN_LIFE_S}
    header = {"alg": "ES256", "typ": HUB_TOKEN_TYPE}
    key = ECKey.import_key(private_key_pem)
    return jws.serialize_compact(header, json.dumps(claims).encode(), key, registry=_HUB_TOKEN)


def hub_of_token(token: str) -> str:
    """Which hub the token says it is from: unproven, only to find the key to check it with."""
    _header(token, HUB_TOKEN_TYPE, "ES256")
    try:
        claims = json.loads(jws.extract_compact(token.encode()).payload)
    except _UNREADABLE as error:
        raise BadSignature("the hub's token cannot be read") from error
    hub = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(hub, str):
        raise BadSignature("the hub's token does not say which hub it is from")
    return hub


def verify_hub_token(token: str, public_key_pem: bytes, cloud: str, now_s: int) -> Literal[True]:
    """Raises BadSignature unless the token is signed with the hub's key, for us, and not too old.

    A clock may be off by as much as a token lives (the hub corrects itself by the time we answer with).
    """
    _header(token, HUB_TOKEN_TYPE, "ES256")
    claims = _claims(token, ECKey.import_key(public_key_pem), _HUB_TOKEN)
    if claims.get("aud") != cloud:
        raise BadSignature("the hub's token is for another cloud")
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise BadSignature("the hub's token does not say how long it holds")
    if expires - issued > HUB_TOKEN_LIFE_S or not issued - HUB_TOKEN_LIFE_S <= now_s < expires:
        raise BadSignature("the hub's token is too old, or the hub's clock is wrong")
    return True


def _header(document: str, typ: str, alg: str) -> dict[str, Any]:
    try:
        header: dict[str, Any] = dict(jws.extract_compact(document.encode()).protected)
    except _UNREADABLE as error:
        raise BadSignature("the document is not a signed document") from error
    if header.get("typ") != typ or header.get("alg") != alg:
        raise BadSignature("the document is signed, but is not of the kind that it is used as")
    return header


def _claims(document: str, key: OKPKey | ECKey, registry: jws.JWSRegistry) -> dict[str, Any]:
    try:
        claims = json.loads(jws.deserialize_compact(document, key, registry=registry).payload)
    except _UNREADABLE as error:
        raise BadSignature("the signature does not fit the document") from error
    if not isinstance(claims, dict):
        raise BadSignature("the signed document is not an object")
    return claims
