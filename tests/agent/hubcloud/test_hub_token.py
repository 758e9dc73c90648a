"""A hub proves itself by a token that holds: by its own clock, or by the cloud's once its own was refused."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from backsight_agent.adapters.device_key import new_key_pem
from backsight_agent.adapters.hub_token import HubToken
from backsight_shared.signing import BadSignature, verify_hub_token
from fakes.clock import NOON_MS, FakeClock

KEY = new_key_pem()
HOUR_MS = 3_600_000


def public_pem() -> bytes:
    key = load_pem_private_key(KEY, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


PUBLIC = public_pem()


def a_token(clock: FakeClock) -> HubToken:
    return HubToken(KEY, "hub-1", "cloud-1", clock)


def holds(token: str, cloud_now_ms: int) -> bool:
    try:
        return verify_hub_token(token, PUBLIC, "cloud-1", cloud_now_ms // 1000)
    except BadSignature:
        return False


async def test_one_token_is_used_for_several_calls() -> None:
    clock = FakeClock()
    token = a_token(clock)
    first = token.current()
    await clock.advance(200)
    assert token.current() == first
    assert holds(first, clock.now_ms())


@pytest.mark.parametrize("later_s", [241, 300, 3600, 86_400])
async def test_a_token_near_its_end_is_replaced(later_s: int) -> None:
    clock = FakeClock()
    token = a_token(clock)
    first = token.current()
    await clock.advance(later_s)
    assert token.current() != first
    assert holds(token.current(), clock.now_ms())


@pytest.mark.parametrize("jump_ms", [-HOUR_MS, HOUR_MS])
def test_a_clock_that_was_set_makes_a_new_token(jump_ms: int) -> None:
    clock = FakeClock()
    token = a_token(clock)
    token.current()
    clock.jump(jump_ms)
    assert holds(token.current(), NOON_MS + jump_ms)


async def test_once_corrected_it_goes_by_the_clouds_time() -> None:
    clock = FakeClock(now_ms=0)
    token = a_token(clock)
    wrong = token.current()
    assert not holds(wrong, NOON_MS)
    assert token.correct(wrong, NOON_MS)
    assert holds(token.current(), NOON_MS)
    await clock.advance(10_000)
    clock.jump(HOUR_MS)
    assert holds(token.current(), NOON_MS + 10_000_000)


def test_a_correction_that_would_change_nothing_is_none() -> None:
    clock = FakeClock()
    token = a_token(clock)
    assert not token.correct(token.current(), NOON_MS + 20_000)
    assert not token.correct(token.current(), None)
    assert token.correct(token.current(), NOON_MS + HOUR_MS)
    assert not token.correct(token.current(), NOON_MS + HOUR_MS + 5)


def test_of_two_refused_calls_with_one_token_both_are_worth_another_try() -> None:
    token = a_token(FakeClock())
    refused = token.current()
    assert token.correct(refused, NOON_MS + HOUR_MS)
    assert token.correct(refused, NOON_MS + HOUR_MS)
    assert holds(token.current(), NOON_MS + HOUR_MS)


def test_a_token_is_replaced_though_the_clock_has_learned_better_from_the_refusal() -> None:
    clock = FakeClock(NOON_MS - HOUR_MS)
    token = a_token(clock)
    wrong = token.current()
    clock.jump(HOUR_MS)  # as the clock does that the cloud sets right
    assert token.correct(wrong, NOON_MS)
    assert token.current() != wrong
    assert holds(token.current(), NOON_MS)
