"""What is sealed can be read with the key, for the one it belongs to, and is nobody's otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.sealing import Seal, Unsealable

SEAL, OTHER = Seal(b"k" * 32), Seal(b"o" * 32)


@given(st.binary(max_size=64), st.text(max_size=20))
def test_it_opens_for_whom_it_was_closed(secret: bytes, owner: str) -> None:
    assert SEAL.open(SEAL.close(secret, owner), owner) == secret


def test_the_same_secret_is_never_sealed_alike() -> None:
    assert SEAL.close(b"secret", "ann") != SEAL.close(b"secret", "ann")


def test_it_cannot_be_moved_to_another_account() -> None:
    with pytest.raises(Unsealable):
        SEAL.open(SEAL.close(b"secret", "ann"), "bob")


def test_another_key_opens_nothing_and_the_way_out_is_named() -> None:
    with pytest.raises(Unsealable, match=r"account\.key"):
        OTHER.open(SEAL.close(b"secret", "ann"), "ann")


@pytest.mark.parametrize("sealed", ["", "AAAA", "not base64!", "ä"])
def test_what_was_damaged_is_complained_of(sealed: str) -> None:
    with pytest.raises(Unsealable):
        SEAL.open(sealed, "ann")


def test_a_key_is_not_shown() -> None:
    assert "kkk" not in repr(SEAL)
