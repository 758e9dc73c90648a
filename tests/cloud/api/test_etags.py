"""A change names the version that was read; a stale one is refused: no change undoes another unseen."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.versions import ANY, Expected, Stale, tag_of
from backsight_cloud.web.etags import expected, tagged
from backsight_cloud.web.problems import Problem, problem_of

TAG = tag_of("anna@example.org", "Europe/Berlin")
VALUES = st.lists(st.none() | st.integers() | st.text(), max_size=4)


def asking(*if_match: str) -> web.Request:
    return make_mocked_request("PATCH", "/", headers=[("If-Match", value) for value in if_match])


def test_what_is_read_carries_its_version() -> None:
    assert tagged(web.json_response({}), TAG).headers["ETag"] == f'"{TAG}"'


@given(VALUES, VALUES)
def test_other_values_are_another_version(one: list[object], other: list[object]) -> None:
    assert (tag_of(*one) == tag_of(*other)) == (one == other)


def test_a_change_without_a_version_is_asked_for_one() -> None:
    with pytest.raises(Problem) as refused:
        expected(asking())
    assert refused.value.status == 428


def test_the_version_that_was_read_may_be_changed() -> None:
    expected(asking(f'"{TAG}"')).refuse_stale(TAG)


def test_another_is_stale() -> None:
    with pytest.raises(Stale) as stale:
        expected(asking('"older"')).refuse_stale(TAG)
    problem = problem_of(stale.value)
    assert problem is not None
    assert problem.status == 412


@pytest.mark.parametrize("given", [f'W/"{TAG}"', TAG, "", '"'])
def test_a_weak_or_broken_version_matches_nothing(given: str) -> None:
    with pytest.raises(Stale):
        expected(asking(given)).refuse_stale(TAG)


def test_one_of_several_is_enough() -> None:
    expected(asking('"older", "other"', f'"{TAG}"')).refuse_stale(TAG)


def test_a_star_is_whatever_is_there() -> None:
    assert expected(asking("*")) == ANY == Expected(None)
    ANY.refuse_stale(TAG)
