"""A signature proves who made a document and what kind; a token holds for one cloud and a short time."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from backsight_shared.signing import (
    ENTITLEMENT_TYPE,
    HUB_TOKEN_LIFE_S,
    HUB_TOKEN_TYPE,
    BadSignature,
    SigningKey,
    hub_of_token,
    sign_entitlement,
    sign_hub_token,
    verify_entitlement,
    verify_hub_token,
)

KEY = SigningKey.generate()
KEYS = (KEY.to_public_jwk(),)
CLAIMS = {"serial": 1, "hub": "hub-1"}
OURS = {"alg": "Ed25519", "typ": ENTITLEMENT_TYPE, "kid": KEY.kid}
NOW_S = 1_795_521_600


def a_device() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


DEVICE, DEVICE_PUBLIC = a_device()


def part(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_document_is_read_back_as_it_was_signed() -> None:
    assert verify_entitlement(sign_entitlement(CLAIMS, KEY), KEYS) == CLAIMS


def test_a_key_written_to_a_file_and_read_back_signs_the_same() -> None:
    again = SigningKey.from_private_jwk(KEY.to_private_jwk())
    assert again.kid == KEY.kid
    assert sign_entitlement(CLAIMS, again) == sign_entitlement(CLAIMS, KEY)


def test_the_public_key_has_no_secret_part() -> None:
    assert set(KEY.to_public_jwk()) == {"kty", "crv", "x", "kid"}


def test_a_hub_that_was_given_two_keys_takes_documents_of_both() -> None:
    newer = SigningKey.generate()
    keys = (*KEYS, newer.to_public_jwk())
    assert verify_entitlement(sign_entitlement(CLAIMS, newer), keys) == CLAIMS
    assert verify_entitlement(sign_entitlement(CLAIMS, KEY), keys) == CLAIMS


def test_a_document_of_a_stranger_is_refused() -> None:
    with pytest.raises(BadSignature, match="never given"):
        verify_entitlement(sign_entitlement(CLAIMS, SigningKey.generate()), KEYS)


def test_a_stranger_who_claims_our_key_is_refused() -> None:
    stranger = SigningKey.generate()
    header = {"alg": "Ed25519", "typ": ENTITLEMENT_TYPE, "kid": KEY.kid}
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    forged = jws.serialize_compact(header, json.dumps(CLAIMS).encode(), stranger.key, registry=registry)
    with pytest.raises(BadSignature, match="does not fit"):
        verify_entitlement(forged, KEYS)


@pytest.mark.parametrize("place", range(0, 240, 13))
def test_a_change_of_any_character_is_noticed(place: int) -> None:
    document = sign_entitlement(CLAIMS, KEY)
    place %= len(document) - 1  # the last character of base64 has spare bits
    changed = document[:place] + ("A" if document[place] != "A" else "B") + document[place + 1 :]
    with pytest.raises(BadSignature):
        verify_entitlement(changed, KEYS)


def test_a_document_without_a_signature_is_refused() -> None:
    header = {"alg": "none", "typ": ENTITLEMENT_TYPE, "kid": KEY.kid}
    with pytest.raises(BadSignature):
        verify_entitlement(f"{part(header)}.{part(CLAIMS)}.", KEYS)


def test_a_document_signed_with_the_public_key_as_a_password_is_refused() -> None:
    header = {"alg": "HS256", "typ": ENTITLEMENT_TYPE, "kid": KEY.kid}
    password = OctKey.import_key(KEYS[0]["x"])
    forged = jws.serialize_compact(header, json.dumps(CLAIMS).encode(), password, algorithms=["HS256"])
    with pytest.raises(BadSignature):
        verify_entitlement(forged, KEYS)


@pytest.mark.parametrize("typ", [HUB_TOKEN_TYPE, "JWT", None])
def test_a_document_of_another_kind_is_refused_though_our_key_signed_it(typ: str | None) -> None:
    header = {"alg": "Ed25519", "kid": KEY.kid} | ({"typ": typ} if typ else {})
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    other = jws.serialize_compact(header, json.dumps(CLAIMS).encode(), KEY.key, registry=registry)
    with pytest.raises(BadSignature, match="not of the kind"):
        verify_entitlement(other, KEYS)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "garbage",
        "a.b.c",
        "..",
        "....",
        "\u00e9.\u00e9.\u00e9",
        f"{part([])}.{part({})}.x",
        f"{part(b'x')}.{part({})}.x",
        f"{part({'alg': 'Ed25519', 'typ': ENTITLEMENT_TYPE, 'kid': ['a']})}.{part({})}.x",
        f"{part({'alg': ['Ed25519'], 'typ': {}, 'kid': 1})}.{part({})}.x",
        f"{part(OURS | {'b64': False, 'crit': ['b64']})}.e.x",
        f"{part(OURS)}.{part({})}.%%%",
        "\x00" * 50,
        f"{part(b'[' * 100_000)}.{part({})}.x",
    ],
)
def test_garbage_is_refused_as_garbage(garbage: str) -> None:
    with pytest.raises(BadSignature):
        verify_entitlement(garbage, KEYS)


def test_a_signed_list_is_no_document() -> None:
    header = {"alg": "Ed25519", "typ": ENTITLEMENT_TYPE, "kid": KEY.kid}
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    signed = jws.serialize_compact(header, b"[1]", KEY.key, registry=registry)
    with pytest.raises(BadSignature, match="not an object"):
        verify_entitlement(signed, KEYS)


def test_a_key_that_is_damaged_refuses_instead_of_failing() -> None:
    damaged = {**KEYS[0], "x": "short"}
    with pytest.raises(BadSignature):
        verify_entitlement(sign_entitlement(CLAIMS, KEY), (damaged,))


def test_a_hubs_token_is_taken_by_the_cloud_it_is_for() -> None:
    token = sign_hub_token(DEVICE, "hub-1", "cloud-1", NOW_S)
    assert hub_of_token(token) == "hub-1"
    assert verify_hub_token(token, DEVICE_PUBLIC, "cloud-1", NOW_S)


def test_a_token_for_another_cloud_is_refused() -> None:
    token = sign_hub_token(DEVICE, "hub-1", "cloud-2", NOW_S)
    with pytest.raises(BadSignature, match="another cloud"):
        verify_hub_token(token, DEVICE_PUBLIC, "cloud-1", NOW_S)


def test_a_token_of_another_hub_is_refused() -> None:
    token = sign_hub_token(a_device()[0], "hub-1", "cloud-1", NOW_S)
    with pytest.raises(BadSignature, match="does not fit"):
        verify_hub_token(token, DEVICE_PUBLIC, "cloud-1", NOW_S)


@pytest.mark.parametrize(
    ("later_s", "holds"),
    [
        (-HUB_TOKEN_LIFE_S - 1, False),
        (-HUB_TOKEN_LIFE_S, True),
        (HUB_TOKEN_LIFE_S - 1, True),
        (HUB_TOKEN_LIFE_S, False),
    ],
)
def test_a_token_holds_for_its_life_and_a_clock_may_be_off_by_as_much(later_s: int, holds: bool) -> None:
    token = sign_hub_token(DEVICE, "hub-1", "cloud-1", NOW_S)
    if holds:
        assert verify_hub_token(token, DEVICE_PUBLIC, "cloud-1", NOW_S + later_s)
    else:
        with pytest.raises(BadSignature, match="too old, or the hub's clock is wrong"):
            verify_hub_token(token, DEVICE_PUBLIC, "cloud-1", NOW_S + later_s)


def a_token(**claims: object) -> str:
    given = {"iss": "hub-1", "aud": "cloud-1", "iat": NOW_S, "exp": NOW_S + 300} | claims
    header = {"alg": "ES256", "typ": HUB_TOKEN_TYPE}
    return jws.serialize_compact(header, json.dumps(given).encode(), ECKey.import_key(DEVICE))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_S + 301},
        {"exp": NOW_S + 10**9},
        {"exp": None},
        {"iat": None},
        {"exp": "soon"},
        {"iat": NOW_S - 10**6},
        {"iat": True, "exp": True},
        {"aud": ["cloud-1"]},
    ],
)
def test_a_token_that_wants_to_hold_longer_or_does_not_say_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(BadSignature):
        verify_hub_token(a_token(**claims), DEVICE_PUBLIC, "cloud-1", NOW_S)


@pytest.mark.parametrize("issuer", [None, 7, ["hub-1"]])
def test_a_token_that_does_not_name_its_hub_is_refused(issuer: object) -> None:
    with pytest.raises(BadSignature, match="which hub"):
        hub_of_token(a_token(iss=issuer))


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "a.b.c",
        "\u00e9",
        sign_entitlement(CLAIMS, KEY),
        f"{part({'alg': 'ES256', 'typ': HUB_TOKEN_TYPE})}.{part(b'[' * 100_000)}.x",
    ],
)
def test_garbage_and_documents_are_no_tokens(garbage: str) -> None:
    with pytest.raises(BadSignature):
        hub_of_token(garbage)
    with pytest.raises(BadSignature):
        verify_hub_token(garbage, DEVICE_PUBLIC, "cloud-1", NOW_S)


def test_other_jwts_of_the_same_key_are_no_tokens() -> None:
    claims = {"iss": "hub-1", "aud": "cloud-1", "iat": int(time.time()), "exp": int(time.time()) + 60}
    other = jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(DEVICE))
    with pytest.raises(BadSignature, match="not of the kind"):
        verify_hub_token(other, DEVICE_PUBLIC, "cloud-1", int(time.time()))


def test_a_token_with_another_curve_or_key_kind_is_refused() -> None:
    header = {"alg": "Ed25519", "typ": HUB_TOKEN_TYPE}
    key = OKPKey.generate_key("Ed25519")
    registry = jws.JWSRegistry(algorithms=["Ed25519"])
    token = jws.serialize_compact(header, json.dumps({"iss": "hub-1"}).encode(), key, registry=registry)
    with pytest.raises(BadSignature):
        hub_of_token(token)
