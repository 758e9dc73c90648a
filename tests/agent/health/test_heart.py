"""The heart stops only for what hangs: trouble that is seen and tried again is not its affair."""

import pytest

from backsight_agent.domain.heart import LATE_S, READ_S, STORE_S, status_line, stuck
from backsight_agent.domain.states import CameraState, State
from backsight_agent.domain.vitals import Vitals

DOOR, YARD = "74fece010203", "74fece010204"
NAMES = {DOOR: "Front door", YARD: "Yard"}
NOW = 100_000.0  # monotonic


def in_state(door: State = State.RECORDING, yard: State = State.RECORDING) -> dict[str, CameraState]:
    return {DOOR: CameraState(door, 0, ""), YARD: CameraState(yard, 0, "")}


@pytest.fixture
def vitals() -> Vitals:
    """Of a hub whose cameras were read a moment ago."""
    vitals = Vitals()
    for camera in NAMES:
        vitals.of(camera).read(30, 500_000, NOW - 2)
    return vitals


def test_while_all_is_well_it_beats(vitals: Vitals) -> None:
    assert stuck(vitals, in_state(), NAMES, NOW) == ""


def test_a_hub_that_has_just_begun_is_well() -> None:
    assert stuck(Vitals(), in_state(State.STARTING, State.STARTING), NAMES, NOW) == ""


def test_a_camera_that_is_called_recorded_and_not_read_hangs(vitals: Vitals) -> None:
    later = NOW + READ_S + 60
    vitals.of(DOOR).read(30, 500_000, later - 2)
    assert stuck(vitals, in_state(), NAMES, later) == (
        "Yard: nothing was read for 6 minutes, though it is recorded"
    )


@pytest.mark.parametrize("state", [s for s in State if s not in (State.RECORDING, State.WATCHING)])
def test_a_camera_in_trouble_does_not_hang(vitals: Vitals, state: State) -> None:
    assert stuck(vitals, in_state(state, state), NAMES, NOW + 10 * READ_S) == ""


def test_a_store_that_does_not_answer_for_long_hangs(vitals: Vitals) -> None:
    vitals.of(DOOR).asking_since = NOW - STORE_S - 1
    assert stuck(vitals, in_state(), NAMES, NOW) == "Front door: the store has not answered for 10 minutes"


def test_also_when_the_camera_is_in_trouble_because_of_it(vitals: Vitals) -> None:
    vitals.of(DOOR).asking_since = NOW - STORE_S - 1
    assert stuck(vitals, in_state(State.HUB_TROUBLE), NAMES, NOW) != ""


def test_a_slow_store_does_not_hang(vitals: Vitals) -> None:
    vitals.of(DOOR).asking_since = NOW - STORE_S + 1
    assert stuck(vitals, in_state(), NAMES, NOW) == ""


def test_an_event_loop_that_is_late_every_time_hangs(vitals: Vitals) -> None:
    for _ in range(10):
        vitals.lag.note(LATE_S + 1)
    assert stuck(vitals, in_state(), NAMES, NOW) == "the event loop comes 6 s late, every time"


def test_one_that_was_held_up_once_does_not(vitals: Vitals) -> None:
    vitals.lag.note(60.0)
    vitals.lag.note(0.0)
    assert stuck(vitals, in_state(), NAMES, NOW) == ""


def test_the_status_is_one_line_for_a_person() -> None:
    assert status_line(in_state(), 0, None) == "2 of 2 cameras recorded"
    assert status_line(in_state(State.UNREACHABLE), 1, connected=False) == (
        "1 of 2 cameras recorded; not connected to the cloud; 1 problem"
    )
    assert status_line(in_state(), 2, connected=True) == (
        "2 of 2 cameras recorded; connected to the cloud; 2 problems"
    )


def test_a_camera_that_its_owner_does_not_record_is_not_missed() -> None:
    assert status_line(in_state(State.NOT_RECORDED), 0, None) == "1 of 1 cameras recorded"
