"""A camera is judged by what it shows without a login, by what is remembered, and by what the agent says."""

from dataclasses import replace

import pytest

from backsight_agent.domain.findings import Finding, Level
from backsight_agent.domain.judging_cameras import SeenCamera, judge_camera
from backsight_agent.domain.states import State
from fakes.clock import NOON_MS

OPEN = {"control at port 10443": "", "video at port 19443": ""}
SHUT = dict.fromkeys(OPEN, "Connection refused")
WELL = SeenCamera(
    "Front door",
    "74fece010203",
    "192.168.1.20",
    "192.168.1.20",
    ports=OPEN,
    announced="EC60 with firmware 2.3.22",
    state=State.RECORDING,
    text="Recording",
)
MINUTE_MS = 60_000


def bad(camera: SeenCamera) -> list[Finding]:
    return [finding for finding in judge_camera(camera, NOON_MS) if finding.level is not Level.OK]


def only(camera: SeenCamera) -> Finding:
    (finding,) = bad(camera)
    return finding


def test_a_camera_that_answers_and_is_recorded_is_well() -> None:
    assert bad(WELL) == []
    assert {finding.subject for finding in judge_camera(WELL, NOON_MS)} == {"camera Front door"}


def test_while_no_agent_runs_it_is_judged_by_what_it_shows() -> None:
    assert [finding.level for finding in judge_camera(replace(WELL, state="", text=""), NOON_MS)] == [
        Level.OK
    ]


@pytest.mark.parametrize(
    ("camera", "text"),
    [
        (replace(WELL, state="", ports=SHUT, announced=""), "Nothing answers at 192.168.1.20 (Connection"),
        (replace(WELL, state="", ports=OPEN | {"video at port 19443": "no"}), "does not answer for video"),
        (replace(WELL, state="", unresolved=True, ports={}, announced=""), "has no address"),
        (replace(WELL, state="", announced="", stranger="C210 40:AE:30:00:00:01"), "Another camera (C210"),
        (replace(WELL, state=State.STREAM_BROKEN, text="its stream stalls"), "Its stream stalls; restart it"),
        (replace(WELL, state=State.HUB_TROUBLE, text="the disk is full"), "The disk is full"),
        (replace(WELL, state=State.LOGIN_REFUSED, text="it refused"), "It refused; do not try passwords"),
    ],
)
def test_what_keeps_it_from_being_recorded_is_a_problem(camera: SeenCamera, text: str) -> None:
    assert only(camera).level is Level.PROBLEM
    assert text in only(camera).text


@pytest.mark.parametrize(
    ("camera", "text"),
    [
        (replace(WELL, host="192.168.1.77"), "It was found at 192.168.1.77, not at 192.168.1.20"),
        (replace(WELL, known=False), "a model that is not known yet"),
        (replace(WELL, has_login=False), "password_file"),
        (replace(WELL, control="its firmware has closed it"), "Its firmware has closed it"),
        (replace(WELL, closed=("Talking through it is not possible",)), "Talking through it"),
        (replace(WELL, state=State.OFF, text="its lens is masked"), "switched off by its owner"),
    ],
)
def test_what_works_by_half_is_a_warning(camera: SeenCamera, text: str) -> None:
    assert only(camera).level is Level.WARNING
    assert text in only(camera).text


def test_a_silent_camera_whose_ports_open_is_well() -> None:
    assert bad(replace(WELL, announced="")) == []


def test_a_camera_on_a_hub_is_there_when_its_hub_is() -> None:
    child = replace(WELL, is_child=True, announced="H200 with firmware 1.5.20")
    assert "Its hub answers" in next(iter(judge_camera(child, NOON_MS))).text


def test_a_login_that_was_refused_is_told_with_when_it_is_tried_again() -> None:
    refused = replace(WELL, state="", text="", refused_ms=NOON_MS - 10 * MINUTE_MS)
    assert "tried again in 21 minutes" in only(refused).text


@pytest.mark.parametrize("ago_ms", [31 * MINUTE_MS, -MINUTE_MS])
def test_a_refusal_of_another_time_is_forgotten(ago_ms: int) -> None:
    assert bad(replace(WELL, refused_ms=NOON_MS - ago_ms)) == []
