"""Of a camera only so many separate spans are remembered, and none is widened to make them fewer."""

from backsight_cloud.domain.erasing import with_erased
from backsight_shared.erased import MOST_SPANS, REACH_MS, ErasedSpan
from fakes.clock import NOON_MS


def apart(count: int) -> list[ErasedSpan]:
    return [ErasedSpan(NOON_MS + 10 * number, NOON_MS + 10 * number + 5) for number in range(count)]


def test_a_span_more_than_can_be_remembered_is_not_taken() -> None:
    *known, new = apart(MOST_SPANS + 1)
    assert with_erased(known, new, None) is None


def test_one_that_joins_others_is() -> None:
    new = ErasedSpan(NOON_MS, NOON_MS + 10 * MOST_SPANS)
    assert with_erased(apart(MOST_SPANS), new, None) == (new,)


def test_spans_that_have_left_the_history_make_room() -> None:
    *known, new = apart(MOST_SPANS + 1)
    kept = with_erased(known, new, known[0].to_ms + REACH_MS)
    assert kept == (*known[1:], new)
