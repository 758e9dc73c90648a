"""The link by which an account refuses a kind of mail is signed, is for that kind only, and never ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.confirming import Confirmations
from backsight_cloud.domain.unsubscribing import Unsubscribing
from fakes.household import ANNA

LINKS = Unsubscribing(b"key")


def test_it_says_whose_and_which() -> None:
    assert LINKS.read(LINKS.token(ANNA, "share_ended")) == (ANNA, "share_ended")


def test_it_fits_into_an_address_as_it_is() -> None:
    assert LINKS.token(ANNA, "share_ended").replace("-", "").replace("_", "").isalnum()


def test_another_services_link_is_none() -> None:
    assert Unsubscribing(b"other").read(LINKS.token(ANNA, "share_ended")) is None


def test_a_confirmation_made_with_the_same_key_is_none() -> None:
    assert LINKS.read(Confirmations(b"key").token({"a": 1}, 10**15)) is None


@given(st.text(max_size=600))
def test_whatever_else_comes_is_none(text: str) -> None:
    assert LINKS.read(text) is None


@given(st.integers(0, 60), st.sampled_from("ABCabc019-_"))
def test_a_changed_link_is_none(place: int, letter: str) -> None:
    token = LINKS.token(ANNA, "share_ended")
    changed = token[:place] + letter + token[place + 1 :]
    assert LINKS.read(changed) in (None, (ANNA, "share_ended") if changed[:-1] == token[:-1] else None)


def test_there_is_none_for_what_is_required() -> None:
    with pytest.raises(ValueError, match="required"):
        LINKS.token(ANNA, "receipt")
