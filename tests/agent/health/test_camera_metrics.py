"""Each camera's figures are on the page of metrics under names that never change their meaning."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families as read

from backsight_agent.domain.camera_metrics import UNSEEN, CameraNow, camera_families
from backsight_agent.domain.states import CameraFacts, CameraState, State
from backsight_agent.domain.vitals import CameraVitals, Held
from backsight_shared.exposition import expose
from fakes.clock import NOON_MS

DOOR = "74fece010203"
NOW = 5_000.0  # monotonic
HOUR_MS = 3_600_000


def a_camera() -> CameraNow:
    """Recorded for an hour, with what such an hour brings."""
    vitals = CameraVitals()
    vitals.read(30, 500_000, NOW - 1.5)
    vitals.finished(2_500_000)
    vitals.missed("unreachable", 2_500)
    vitals.events["motion"] += 2
    return CameraNow(
        camera=DOOR,
        name='Front "door"',
        facts=CameraFacts("EC60", "4.0", "2.3.22"),
        state=CameraState(State.RECORDING, NOON_MS - HOUR_MS, "Recording"),
        vitals=vitals,
        held=Held(NOON_MS - HOUR_MS, NOON_MS - 4_000, NOON_MS - 2 * HOUR_MS, 900_000_000, 7, 3),
        window_ms=2 * HOUR_MS,
        paired=True,
        overdue_s=0.5,
        now=NOW,
    )


def page(*cameras: CameraNow) -> dict[str, list[tuple[dict[str, str], float]]]:
    """By the sample's name: labels and value."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in read(expose(camera_families(cameras))):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state_since_timestamp_seconds", (NOON_MS - HOUR_MS) / 1000),
        ("last_frame_age_seconds", 1.5),
        ("gops_read_total", 1),
        ("frames_read_total", 30),
        ("read_bytes_total", 500_000),
        ("segments_finished_total", 1),
        ("written_bytes_total", 2_500_000),
        ("history_start_timestamp_seconds", (NOON_MS - HOUR_MS) / 1000),
        ("history_end_timestamp_seconds", (NOON_MS - 4_000) / 1000),
        ("horizon_timestamp_seconds", (NOON_MS - 2 * HOUR_MS) / 1000),
        ("window_seconds", 7200),
        ("history_bytes", 900_000_000),
        ("backlog_segments", 7),
        ("missed_segments", 3),
        ("prune_overdue_seconds", 0.5),
    ],
)
def test_a_figure_is_there_by_camera_in_its_unit(name: str, value: float) -> None:
    assert page(a_camera())[f"backsight_camera_{name}"] == [({"camera": DOOR}, value)]


def test_gaps_are_told_by_their_reason() -> None:
    found, labels = page(a_camera()), {"camera": DOOR, "reason": "unreachable"}
    assert found["backsight_camera_gaps_total"] == [(labels, 1.0)]
    assert found["backsight_camera_gap_seconds_total"] == [(labels, 2.5)]


def test_events_are_told_by_their_kind() -> None:
    assert page(a_camera())["backsight_camera_events_total"] == [({"camera": DOOR, "kind": "motion"}, 2.0)]


def test_exactly_one_state_holds_and_all_are_named() -> None:
    states = page(a_camera())["backsight_camera_state"]
    assert {labels["state"]: value for labels, value in states} == {
        state.value: float(state is State.RECORDING) for state in State
    }


def test_who_a_camera_is_is_told_in_one_place() -> None:
    assert page(a_camera())["backsight_camera_info"] == [
        ({"camera": DOOR, "name": 'Front "door"', "model": "EC60", "firmware": "2.3.22"}, 1.0)
    ]


def test_what_is_not_known_of_one_camera_is_left_out_for_it_alone() -> None:
    new = replace(
        a_camera(),
        camera="74fece010204",
        vitals=CameraVitals(),
        held=UNSEEN,
        window_ms=None,
        paired=False,
        overdue_s=None,
    )
    found = page(a_camera(), new)
    for name in ("last_frame_age_seconds", "history_end_timestamp_seconds", "backlog_segments"):
        assert [labels["camera"] for labels, _ in found[f"backsight_camera_{name}"]] == [DOOR]
    assert len(found["backsight_camera_frames_read_total"]) == 2
