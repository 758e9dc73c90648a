"""What shows the newest events goes first, the rest in turn; one turn in four is the rest's in any case."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.upload_order import EVENTS_IN_A_ROW, Ask, Order, Turn

DOOR, YARD, ATTIC = "74fece010203", "74fece010204", "74fece010205"
CAMERAS = [f"74fece0102{number:02x}" for number in range(8)]


def turns(asks: list[Ask], number: int) -> list[tuple[str, Turn]]:
    """Who gets so many turns in a row, when all of them always ask."""
    order, found = Order(), []
    for _ in range(number):
        ask, turn, order = order.next(asks)
        found.append((ask.camera, turn))
    return found


def test_an_event_goes_before_all_that_is_older() -> None:
    assert turns([Ask(DOOR), Ask(YARD, event_ms=5)], 1) == [(YARD, Turn.EVENTS)]


def test_of_two_events_the_newer_goes_first_whatever_camera_it_is_of() -> None:
    assert turns([Ask(DOOR, event_ms=9), Ask(YARD, event_ms=5)], 1) == [(DOOR, Turn.EVENTS)]
    assert turns([Ask(DOOR, event_ms=5), Ask(YARD, event_ms=9)], 1) == [(YARD, Turn.EVENTS)]


def test_after_three_turns_for_events_one_is_for_the_oldest() -> None:
    found = [turn for _, turn in turns([Ask(DOOR, event_ms=5)], 8)]
    assert found == [*[Turn.EVENTS] * 3, Turn.OLDEST, *[Turn.EVENTS] * 3, Turn.OLDEST]


def test_without_events_the_cameras_take_turns() -> None:
    found = [camera for camera, _ in turns([Ask(DOOR), Ask(YARD), Ask(ATTIC)], 6)]
    assert found == [DOOR, YARD, ATTIC] * 2


def test_a_camera_whose_events_go_first_does_not_lose_its_turn_for_its_oldest() -> None:
    found = turns([Ask(DOOR, event_ms=5), Ask(YARD)], 12)
    assert [camera for camera, turn in found if turn is Turn.OLDEST] == [DOOR, YARD, DOOR]


def test_a_camera_that_was_never_served_comes_before_those_that_were() -> None:
    _, _, order = Order().next([Ask(DOOR)])
    assert order.next([Ask(DOOR), Ask(YARD)])[0] == Ask(YARD)


asked = st.lists(
    st.dictionaries(st.sampled_from(CAMERAS), st.none() | st.integers(0, 100), min_size=1), min_size=1
)


@given(asked)
def test_never_more_than_three_turns_in_a_row_pass_over_the_oldest(
    rounds: list[dict[str, int | None]],
) -> None:
    order, in_a_row = Order(), 0
    for asks in rounds:
        _, turn, order = order.next([Ask(*one) for one in asks.items()])
        in_a_row = in_a_row + 1 if turn is Turn.EVENTS else 0
        assert in_a_row <= EVENTS_IN_A_ROW


@given(asked)
def test_whoever_is_chosen_asked_for_it(rounds: list[dict[str, int | None]]) -> None:
    order = Order()
    for asks in rounds:
        ask, turn, order = order.next([Ask(*one) for one in asks.items()])
        assert asks[ask.camera] == ask.event_ms
        assert turn is Turn.OLDEST or ask.event_ms is not None


@given(asked, st.sampled_from(CAMERAS), st.none() | st.integers(0, 100))
def test_who_goes_on_asking_has_a_turn_for_its_oldest_after_four_turns_of_each_camera_at_most(
    rounds: list[dict[str, int | None]], patient: str, event_ms: int | None
) -> None:
    order, waited = Order(), count()
    for asks in rounds * (4 * len(CAMERAS)):
        ask, turn, order = order.next([Ask(*one) for one in (asks | {patient: event_ms}).items()])
        if (ask.camera, turn) == (patient, Turn.OLDEST):
            waited = count()
        assert next(waited) < (EVENTS_IN_A_ROW + 1) * len(CAMERAS)
