"""A session says in a few words which browser it is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.browsers import LONGEST, described

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"{WINDOWS} Chrome/141.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        (f"{PHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("", "a browser that does not say what it is"),
    ],
)
def test_browsers_are_named_as_their_owners_call_them(said: str, shown: str) -> None:
    assert described(said) == shown


@given(st.text(max_size=300))
def test_whatever_is_said_stays_short_and_on_one_line(said: str) -> None:
    shown = described(said)
    assert 0 < len(shown) <= LONGEST
    assert shown.isprintable()
