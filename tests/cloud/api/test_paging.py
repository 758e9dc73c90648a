"""A long list comes in pages: each line once, in order, and `next` is null only on the last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.web.paging import PageAsked, cursor_at, page, place_in
from backsight_cloud.web.problems import Problem

LINES = list(range(10))


def a_page(asked: PageAsked) -> dict[str, object]:
    after = asked.behind(int)
    rows = [line for line in LINES if after is None or line > after][: asked.wanted]
    return page("lines", rows, asked, str, lambda line: line)


@given(st.integers(1, 12))
def test_every_line_comes_once_and_in_order(limit: int) -> None:
    seen: list[object] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        answer = a_page(PageAsked(limit=limit, cursor=cursor))
        lines, cursor = answer["lines"], answer["next"]
        assert isinstance(lines, list)
        assert 1 <= len(lines) <= limit
        seen += lines
        pages += 1
    assert seen == [str(line) for line in LINES]
    assert pages == -(-len(LINES) // limit)


def test_an_empty_list_is_one_page() -> None:
    assert page("lines", [], PageAsked(), str, str) == {"lines": [], "next": None}


@given(st.integers() | st.text() | st.lists(st.integers() | st.text()))
def test_a_cursor_gives_its_place_back(place: object) -> None:
    assert place_in(cursor_at(place), type(place)) == place


@given(st.text())
def test_a_made_up_cursor_is_a_bad_request_that_names_the_field(text: str) -> None:
    with pytest.raises(Problem) as refused:
        place_in(text, frozenset)
    assert (refused.value.status, refused.value.extra["field"]) == (400, "cursor")


def test_a_cursor_of_another_list_is_none() -> None:
    with pytest.raises(Problem):
        place_in(cursor_at("text"), int)
