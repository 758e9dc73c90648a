"""A one-time code is that of RFC 6238 for this half minute; it is good once, and never for another secret."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.totp import STEP_MS, code_at, new_secret, step_of, typed, uri

RFC_SECRET = b"12345678901234567890"
SECRETS = st.binary(min_size=20, max_size=20)
MOMENTS = st.integers(STEP_MS * 4, 2**42)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, the rows of SHA-1."""
    assert code_at(RFC_SECRET, seconds * 1000 // STEP_MS, digits=8) == code
    assert code_at(RFC_SECRET, seconds * 1000 // STEP_MS) == code[-6:]


@given(SECRETS, MOMENTS, st.integers(-1, 1))
def test_a_phone_may_be_half_a_minute_off(secret: bytes, now_ms: int, drift: int) -> None:
    step = now_ms // STEP_MS + drift
    found = step_of(secret, code_at(secret, step), now_ms, 0)
    assert found is not None
    assert code_at(secret, found) == code_at(secret, step)


@given(SECRETS, MOMENTS, st.integers(-1, 1))
def test_a_code_is_good_once_and_so_is_none_before_it(secret: bytes, now_ms: int, drift: int) -> None:
    used = step_of(secret, code_at(secret, now_ms // STEP_MS + drift), now_ms, 0)
    assert used is not None
    for earlier in range(now_ms // STEP_MS - 1, used + 1):
        again = step_of(secret, code_at(secret, earlier), now_ms, used)
        assert again is None or again > used  # two steps may happen to have the same code


@given(SECRETS, MOMENTS, st.sampled_from([-3, -2, 2, 3, 1000]))
def test_other_times_codes_are_worth_nothing(secret: bytes, now_ms: int, drift: int) -> None:
    now, code = now_ms // STEP_MS, code_at(secret, now_ms // STEP_MS + drift)
    if code not in {code_at(secret, now + near) for near in (-1, 0, 1)}:
        assert step_of(secret, code, now_ms, 0) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12345\x00"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert step_of(RFC_SECRET, code, 59_000, 0) is None


def test_the_address_for_a_qr_code_says_all_that_an_app_needs() -> None:
    parts = urlsplit(uri(RFC_SECRET, "ann+x@example.org", "Backsight"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Backsight:ann%2Bx@example.org")
    assert parse_qs(parts.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Backsight"],
        "period": ["30"],
        "digits": ["6"],
    }


def test_secrets_are_as_long_as_the_hash_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(secret) for secret in made} == {20}
    assert all(typed(secret).isalnum() for secret in made)
