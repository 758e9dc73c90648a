"""A camera's and a hub's state is told in an owner's words, and says when the owner is needed."""

import json
from dataclasses import replace

import pytest

from backsight_cloud.domain.records import Hub
from backsight_cloud.services.playback import CameraView
from backsight_cloud.web.conditions import Tone, camera_condition, hub_condition
from backsight_cloud.web.views import CameraCard, camera_card, cameras_summary, hub_line, name_of
from backsight_shared.shapes import write
from backsight_shared.wire import CameraStatus, HubStatus
from fakes.clock import NOON_MS
from fakes.household import DAY_MS, DOOR, MINUTE_MS, a_camera, a_hub

BERLIN = "Europe/Berlin"  # noon UTC is 13:00 there


def a_hub_that_says(
    state: str = "recording", text: str = "", *, online: bool = True, problems: tuple[str, ...] = ()
) -> Hub:
    status = CameraStatus(DOOR, state, NOON_MS - 40 * MINUTE_MS, text)
    return with_status(HubStatus(online=online, problems=problems, cameras=(status,)))


def with_status(status: HubStatus) -> Hub:
    said = json.dumps(write(status))
    return replace(a_hub(), status_json=said, status_ms=NOON_MS - 20 * MINUTE_MS)


@pytest.mark.parametrize(
    ("state", "tone", "word", "headline"),
    [
        ("recording", Tone.OK, "Recording", ""),
        ("starting", Tone.QUIET, "Starting", ""),
        ("off", Tone.QUIET, "Switched off", "Switched off since 12:20"),
        ("unreachable", Tone.BAD, "Not reachable", "No picture since 12:20"),
        ("login_refused", Tone.BAD, "Login refused", "No picture since 12:20"),
        ("stream_refused", Tone.BAD, "No stream", "No picture since 12:20"),
        ("stream_broken", Tone.WARN, "Picture breaks off", "No picture since 12:20"),
        ("hub_trouble", Tone.BAD, "Not recording", "Not recording since 12:20"),
        ("dreaming", Tone.QUIET, "Not known", ""),
    ],
)
def test_every_state_has_a_tone_a_word_and_says_since_when(
    state: str, tone: Tone, word: str, headline: str
) -> None:
    said = camera_condition(DOOR, a_hub_that_says(state), NOON_MS, BERLIN)
    assert (said.tone, said.word, said.headline) == (tone, word, headline)


def test_what_the_hub_says_of_the_trouble_comes_before_our_own_words() -> None:
    hub = a_hub_that_says("unreachable", "192.168.1.20 does not answer")
    assert camera_condition(DOOR, hub, NOON_MS, BERLIN).detail == "192.168.1.20 does not answer"


def test_a_hub_that_is_offline_is_said_before_the_last_known_state_of_its_cameras() -> None:
    said = camera_condition(DOOR, a_hub_that_says("recording", online=False), NOON_MS, BERLIN)
    assert (said.word, said.headline) == ("Hub offline", "Hub offline since 12:40")


def test_a_camera_whose_hub_has_not_spoken_is_waiting_and_needs_nobody() -> None:
    said = camera_condition(DOOR, a_hub(), NOON_MS, BERLIN)
    assert (said.word, said.needs_owner) == ("Waiting for its hub", False)


def test_a_camera_without_a_paired_hub_needs_its_owner() -> None:
    assert camera_condition(DOOR, None, NOON_MS, BERLIN).needs_owner


def test_a_status_that_cannot_be_read_is_as_none() -> None:
    broken = replace(a_hub(), status_json='{"online": "perhaps"}', status_ms=NOON_MS)
    assert hub_condition(broken, NOON_MS, BERLIN).word == "Not heard of yet"


def test_a_hub_with_problems_says_that_it_has_trouble() -> None:
    assert hub_condition(a_hub_that_says(problems=("disk full",)), NOON_MS, BERLIN).tone is Tone.WARN


def test_the_summary_counts_who_needs_the_owner() -> None:
    cards = [a_card("recording"), a_card("unreachable"), a_card("stream_broken"), a_card("off")]
    assert cameras_summary(cards) == "4 cameras, 1 needs you"
    assert cameras_summary(cards[:1]) == "1 camera"


def a_card(state: str) -> CameraCard:
    view = CameraView(a_camera(), a_hub_that_says(state), 2 * DAY_MS, None, None)
    return camera_card(view, NOON_MS, BERLIN)


@pytest.mark.parametrize(("name", "said"), [("Yard", "Yard"), ("  ", "EC60 0203"), (DOOR, "EC60 0203")])
def test_a_camera_without_a_name_goes_by_its_model(name: str, said: str) -> None:
    assert name_of(a_camera(name=name)) == said


def test_a_hub_line_says_backlog_clock_disk_and_version() -> None:
    status = HubStatus(
        online=True,
        version="0.1.0",
        clock_trusted=True,
        disk_free_bytes=212 * 10**9,
        disk_total_bytes=500 * 10**9,
        cameras=(CameraStatus(DOOR, "recording", NOON_MS, "", backlog=126),),
    )
    facts = dict(hub_line(with_status(status), [a_camera()], NOON_MS, BERLIN).facts)
    assert facts == {
        "Cameras": "Front door",
        "Waiting to upload": "About 21 minutes of video",
        "Disk": "212 GB free of 500 GB",
        "Clock": "Right",
        "Version": "0.1.0",
        "Last heard of": "20 minutes ago",
        "Paired": "13:00",
    }
