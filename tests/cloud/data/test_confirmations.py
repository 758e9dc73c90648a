"""A confirmation is good for just what was announced, until it ends, and cannot be made by anyone else."""

from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.confirming import Confirmations

OURS, OTHERS = Confirmations(b"our key"), Confirmations(b"another key")
ANNOUNCED: dict[str, object] = {"camera": "74fece010203", "span": [1, 2], "count": 3}


def test_it_gives_back_what_was_announced() -> None:
    assert OURS.announced(OURS.token(ANNOUNCED, 100), 99) == ANNOUNCED


def test_it_ends() -> None:
    assert OURS.announced(OURS.token(ANNOUNCED, 100), 100) is None


def test_one_made_with_another_key_is_none() -> None:
    assert OURS.announced(OTHERS.token(ANNOUNCED, 100), 50) is None


def test_one_of_which_a_letter_was_changed_is_none() -> None:
    token = OURS.token(ANNOUNCED, 100)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        assert OURS.announced(changed, 50) in (None, ANNOUNCED)  # unused bits of the last letter say the same


@given(st.text(max_size=60))
def test_whatever_is_said_instead_is_none(text: str) -> None:
    assert OURS.announced(text, 50) is None
