"""A pairing code is easily typed, hard to guess, and kept only as its hash."""

import re
from math import log2

from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.codes import code_hash, make_code


def test_a_code_is_three_groups_of_three() -> None:
    assert re.fullmatch(r"[A-Z0-9]{3}-[A-Z0-9]{3}-[A-Z0-9]{3}", make_code())


def test_no_letter_looks_like_another() -> None:
    seen = set("".join(make_code() for _ in range(500))) - {"-"}
    assert not seen & set("B8I1O0S5VZ2")


def test_a_code_has_more_than_forty_bits() -> None:
    seen = set("".join(make_code() for _ in range(2000))) - {"-"}
    assert 9 * log2(len(seen)) > 40


def test_codes_differ() -> None:
    assert len({make_code() for _ in range(1000)}) == 1000


@given(st.integers(0, 2**9 - 1), st.sampled_from(["-", " ", "", " - "]))
def test_case_spaces_and_dashes_do_not_matter(cases: int, separator: str) -> None:
    code = "ACD-3KM-9WX"
    plain = code.replace("-", "")
    typed = "".join(c.lower() if cases >> i & 1 else c for i, c in enumerate(plain))
    grouped = separator.join((typed[:3], typed[3:6], typed[6:]))
    assert code_hash(f" {grouped}\n") == code_hash(code)


def test_the_hash_does_not_show_the_code() -> None:
    assert "ACD3KM9WX" not in code_hash("ACD-3KM-9WX")
    assert len(code_hash("ACD-3KM-9WX")) == 64
