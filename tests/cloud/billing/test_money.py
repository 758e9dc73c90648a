"""A sum is read as its currency is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.money import CURRENCIES, decimals, money


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (1479, "USD", "$14.79"),
        (0, "USD", "$0.00"),
        (5, "USD", "$0.05"),
        (-299, "USD", "-$2.99"),
        (123_456_789, "USD", "$1,234,567.89"),
        (2999, "EUR", "€29.99"),
        (300, "JPY", "¥300"),
        (1479, "CHF", "CHF\N{NO-BREAK SPACE}14.79"),
        (1500, "KWD", "KWD\N{NO-BREAK SPACE}1.500"),
    ],
)
def test_a_sum_as_it_is_written(cents: int, currency: str, text: str) -> None:
    assert money(cents, currency) == text


def test_what_is_no_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="'usd' is not a currency"):
        money(1, "usd")


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(CURRENCIES)))
def test_no_digit_is_lost(cents: int, currency: str) -> None:
    text = money(cents, currency)
    digits = int("".join(one for one in text if one.isdigit()))
    assert (-digits if text.startswith("-") else digits) == cents
    assert decimals(currency) in (0, 2, 3)
