"""A request for the stream on port 8800 names whose stream it is, and its login proves the whole of that."""

import hashlib

import pytest

from backsight_agent.domain.rtsp import parameters
from backsight_agent.domain.vhttpd import OWN, Target, authorization, of_child, request, secrets_of

PASSWORD = "the account's"
HUB = of_child("80217A0C", "42")
CAMERAS = 'Digest realm="TP-Link IP-Camera", nonce="n1", qop="auth", encrypt_type="3"'
HUBS = (
    'Digest realm="TP-Link IP-Camera",qop="auth",nonce="n1",opaque="o1",algorithm="MD5"'  # go2rtc issue 1174
)
EXCHANGE = 'cipher="AES_128_CBC" username="admin" padding="PKCS7_16" algorithm="MD5" nonce="n2"'


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def sha256() -> str:
    return hashlib.sha256(PASSWORD.encode()).hexdigest().upper()


def response(hashed: str, path: str) -> str:
    user = md5(f"admin:TP-Link IP-Camera:{hashed}")
    return md5(f"{user}:n1:00000001:c1:auth:{md5(f'POST:{path}')}")


def test_a_camera_is_asked_for_its_own_stream() -> None:
    assert request("10.0.0.2", 8800, "").startswith(b"POST /stream HTTP/1.1\r\nHost: 10.0.0.2:8800\r\n")


def test_a_hub_is_asked_for_what_hangs_on_it() -> None:
    assert HUB.path == "/stream?deviceId=80217A0C&playerId=42&type=video"
    assert request("10.0.0.2", 8800, "", HUB).startswith(f"POST {HUB.path} HTTP/1.1\r\n".encode())


def test_an_id_cannot_break_out_of_its_request() -> None:
    assert of_child("a b&c\r\nd", "42").path == "/stream?deviceId=a+b%26c%0D%0Ad&playerId=42&type=video"


@pytest.mark.parametrize(("target", "challenge"), [(OWN, CAMERAS), (HUB, HUBS)], ids=["camera", "hub"])
def test_the_login_proves_the_whole_path_with_the_sha256_of_the_password(
    target: Target, challenge: str
) -> None:
    said = parameters(authorization(challenge, PASSWORD, "c1", target))
    assert (said["username"], said["uri"]) == ("admin", target.path)
    assert said["response"] == response(sha256(), target.path)


def test_a_camera_that_does_not_say_encrypt_type_3_holds_the_md5() -> None:
    said = parameters(authorization(CAMERAS.replace(', encrypt_type="3"', ""), PASSWORD, "c1"))
    assert said["response"] == response(md5(PASSWORD).upper(), "/stream")


def test_what_an_opaque_was_given_with_is_said_again() -> None:
    login = authorization(HUBS, PASSWORD, "c1", HUB)
    assert 'opaque="o1"' in login
    assert "algorithm=MD5" in login
    assert "algorithm" not in authorization(CAMERAS, PASSWORD, "c1")


@pytest.mark.parametrize(
    ("target", "exchange"), [(OWN, f'{EXCHANGE} encrypt_type="3"'), (HUB, EXCHANGE)], ids=["camera", "hub"]
)
def test_the_key_is_made_of_the_same_hash(target: Target, exchange: str) -> None:
    keys = secrets_of(exchange, PASSWORD, target)
    assert keys is not None
    assert keys.key.hex() == md5(f"n2:{sha256()}")
    assert keys.iv.hex() == md5("admin:n2")
