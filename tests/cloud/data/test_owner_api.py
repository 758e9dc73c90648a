"""An owner sees their own cameras and what their plans still keep, and nothing else."""

import json

import pytest
from aiohttp import ClientSession

from backsight_shared import shapes
from backsight_shared.wire import CameraStatus, HubStatus
from fakes.clock import NOON_MS
from fakes.cloud_site import PASSWORD, CloudSite, get
from fakes.household import (
    ANNA,
    BERT,
    DAY_MS,
    DOOR,
    FOREIGN,
    HOUR_MS,
    HUB,
    MINUTE_MS,
    YARD,
    a_run,
    segments_of,
)

RUN = a_run(NOON_MS - HOUR_MS)
SEGMENTS = segments_of(RUN, 6)
SPAN = f"from={RUN.run_ms}&to={RUN.run_ms + 60_000}"


# ------------------------------------------------------------ sessions


async def test_signing_in_sets_a_cookie_that_no_script_reads(site: CloudSite) -> None:
    body = {"email": "anna@example.org", "password": PASSWORD}
    async with site.browser().post("/v1/sessions", json=body) as answer:
        assert answer.status == 201
        assert (await answer.json())["zone"] == "Europe/Berlin"
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-backsight=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


async def test_a_wrong_password_is_refused(site: CloudSite) -> None:
    body = {"email": "anna@example.org", "password": "wrong"}
    async with site.browser().post("/v1/sessions", json=body) as answer:
        assert answer.status == 401
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "names"), [("{}", "email"), ('{"email": "a"}', "password"), ("[", "JSON"), ("[]", "object")]
)
async def test_a_sign_in_of_another_shape_is_a_bad_request_that_names_the_field(
    site: CloudSite, body: str, names: str
) -> None:
    async with site.browser().post("/v1/sessions", data=body) as answer:
        assert answer.status == 400
        assert names in (await answer.json(content_type=None))["detail"]


async def test_after_signing_out_the_session_opens_nothing(anna: ClientSession) -> None:
    async with anna.delete("/v1/sessions/current") as answer:
        assert answer.status == 204
    assert (await get(anna, "/v1/cameras"))[0] == 401


PATHS = [
    "",
    f"/history?{SPAN}",
    f"/playlist.m3u8?{SPAN}",
    f"/clip.mp4?{SPAN}",
    f"/runs/{RUN.run_ms}.mp4",
    f"/segments/{RUN.run_ms}.m4s",
    "/erasures",
]


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_session_nothing_is_said(site: CloudSite, path: str) -> None:
    status, problem = await get(site.browser(), f"/v1/cameras/{DOOR}{path}")
    assert (status, problem["title"]) == (401, "Not signed in")


# ------------------------------------------------------------ an account reads nothing of another's


@pytest.mark.parametrize("path", PATHS)
async def test_a_foreign_camera_is_answered_as_one_that_does_not_exist(site: CloudSite, path: str) -> None:
    await site.store(RUN, SEGMENTS)
    bert = await site.signed_in(BERT)
    foreign = await get(bert, f"/v1/cameras/{DOOR}{path}")
    unknown = await get(bert, f"/v1/cameras/000000000000{path}")
    assert foreign == unknown
    assert foreign[0] == 404


async def test_the_list_has_the_accounts_own_cameras_only(site: CloudSite, anna: ClientSession) -> None:
    bert = await site.signed_in(BERT)
    ids = [[camera["id"] for camera in (await get(who, "/v1/cameras"))[1]["cameras"]] for who in (anna, bert)]
    assert ids == [[DOOR, YARD], [FOREIGN]]


# ------------------------------------------------------------ cameras


async def test_a_camera_says_how_far_back_its_history_reaches(site: CloudSite, anna: ClientSession) -> None:
    await site.store(RUN, SEGMENTS)
    _, camera = await get(anna, f"/v1/cameras/{DOOR}")
    assert camera == {
        "id": DOOR,
        "name": "Front door",
        "model": "EC60",
        "shared": False,
        "plan": "free",
        "upload": "all",
        "hub": HUB,
        "state": "unknown",
        "state_since_ms": None,
        "state_text": "Its hub has not said anything yet",
        "remarks": [],
        "history_from_ms": RUN.run_ms,
        "history_to_ms": RUN.run_ms + 60_000,
        "window_ms": 12 * HOUR_MS,
        "horizon_ms": NOON_MS - 12 * HOUR_MS,
    }


@pytest.mark.parametrize(
    ("online", "listed", "state"),
    [(True, True, "unreachable"), (False, True, "hub_offline"), (True, False, "not_on_hub")],
)
async def test_its_state_is_its_hubs_word_while_the_hub_is_online(
    site: CloudSite, anna: ClientSession, online: bool, listed: bool, state: str
) -> None:
    cameras = (CameraStatus(DOOR, "unreachable", NOON_MS, "No answer"),) if listed else ()
    status = HubStatus(online=online, cameras=cameras)
    async with site.database.begin() as tx:
        await tx.hubs.set_status(HUB, json.dumps(shapes.write(status)), NOON_MS)
    assert (await get(anna, f"/v1/cameras/{DOOR}"))[1]["state"] == state


async def test_the_camera_of_an_unpaired_hub_says_so(site: CloudSite, anna: ClientSession) -> None:
    async with site.database.begin() as tx:
        await tx.hubs.set_unpaired(HUB, NOON_MS)
    assert (await get(anna, f"/v1/cameras/{DOOR}"))[1]["state"] == "hub_unpaired"


# ------------------------------------------------------------ history


async def test_a_history_has_spans_gaps_with_their_reason_and_segments(
    site: CloudSite, anna: ClientSession
) -> None:
    later = a_run(RUN.run_ms + 30 * MINUTE_MS, after="off")
    await site.store(RUN, [segment for segment in SEGMENTS if segment.sequence != 3])
    await site.store(later, segments_of(later, 2))
    _, history = await get(anna, f"/v1/cameras/{DOOR}/history?from={NOON_MS - DAY_MS}&to={NOON_MS}")
    begins = RUN.run_ms
    assert [(span["from_ms"], span["to_ms"], span["count"]) for span in history["spans"]] == [
        (begins, begins + 30_000, 3),
        (begins + 40_000, begins + 60_000, 2),
        (later.run_ms, later.run_ms + 20_000, 2),
    ]
    assert history["gaps"] == [
        {"from_ms": begins + 30_000, "to_ms": begins + 40_000, "reason": "not_uploaded"},
        {"from_ms": begins + 60_000, "to_ms": later.run_ms, "reason": "off"},
    ]
    assert (history["from_ms"], history["to_ms"]) == (begins, later.run_ms + 20_000)
    assert [segment["start_ms"] for segment in history["segments"]][:2] == [begins, begins + 10_000]
    assert len(history["segments"]) == 7


async def test_a_history_of_very_many_segments_lists_spans_only(site: CloudSite, anna: ClientSession) -> None:
    async with site.database.begin() as tx:
        await tx.footage.add_run(ANNA, RUN, 50)
        await tx.footage.add_segments(ANNA, segments_of(RUN, 1001, seconds=1))
    _, history = await get(anna, f"/v1/cameras/{DOOR}/history?from=0&to={NOON_MS}")
    assert history["segments"] is None
    assert [span["count"] for span in history["spans"]] == [1001]


async def test_a_camera_without_history_says_so(anna: ClientSession) -> None:
    _, history = await get(anna, f"/v1/cameras/{DOOR}/history?from=0&to={NOON_MS}")
    assert (history["from_ms"], history["spans"], history["segments"]) == (None, [], [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "from"),
        ("from=1", "to"),
        ("from=yesterday&to=2", "from"),
        ("from=1&to=-2", "to"),
        ("from=1&to=99999999999999999999", "to"),
        ("from=1&to=٣", "to"),
        ("from=2&to=2", "to"),
        ("from=1&to=1.5", "to"),
    ],
)
@pytest.mark.parametrize("path", ["history", "playlist.m3u8", "clip.mp4"])
async def test_a_bad_span_is_refused_and_the_field_is_named(
    anna: ClientSession, path: str, query: str, field: str
) -> None:
    status, problem = await get(anna, f"/v1/cameras/{DOOR}/{path}?{query}")
    assert (status, problem["field"]) == (400, field)
    assert problem["detail"].startswith(field)
