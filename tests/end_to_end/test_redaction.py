"""What looks for secrets in logs finds them, however they are written; and nothing where there is none."""

import base64
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.redaction import leaks

SECRET = "correct horse/battery+1"
NAMED = {"the password": SECRET}


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"owner@example.com:{SECRET}".encode()).decode(),
        base64.urlsafe_b64encode(f"x{SECRET}y".encode()).decode(),
        hashlib.md5(SECRET.encode()).hexdigest(),
        hashlib.md5(SECRET.encode()).hexdigest().upper(),
        hashlib.sha1(SECRET.encode()).hexdigest(),
        base64.b64encode(hashlib.sha256(SECRET.encode()).digest()).decode(),
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    assert leaks(f"12:00 DEBUG asking with {written}.", NAMED)


@given(st.text(max_size=20), st.text(max_size=20))
def test_it_is_found_in_base64_whatever_is_around_it(before: str, behind: str) -> None:
    whole = before.encode("utf-8", "ignore") + SECRET.encode() + behind.encode("utf-8", "ignore")
    assert "the password (base64)" in leaks(base64.b64encode(whole).decode(), NAMED)


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer 0123456789abcdef",
        "GET /v1/objects/a?size=3&signature=0a1b2c3d4e5f",
        "GET /status?token=0123456789abcdef",
        "-----BEGIN EC PRIVATE KEY-----",
        "eyJhbGciOiJFZDI1NTE5In0.eyJodWIiOiJoMSJ9x.c2lnbmF0dXJlc2ln",
        "$argon2id$v=19$m=65536",
    ],
)
def test_what_is_always_a_secret_is_found_without_knowing_it(line: str) -> None:
    assert leaks(line, {})


def test_ordinary_lines_hold_none() -> None:
    lines = (
        "2026-11-24T12:00:00Z INFO tasks.journal: Front door: recording\n"
        "WARNING adapters.kasa_linkie: the camera refused its login: check the password in agent.toml\n"
        "GET /v1/objects/a?signature=... was refused; give the token as Bearer or ?token=\n"
    )
    assert leaks(lines, NAMED) == []
