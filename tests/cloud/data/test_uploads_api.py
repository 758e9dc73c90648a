"""A hub uploads over HTTP: its token opens the batch calls, and a signed address takes exactly one object."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from backsight_cloud.web import uploads
from backsight_shared import shapes
from backsight_shared.wire import Batch, RunOffer
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_site import CloudSite
from fakes.household import ANNA, DOOR, FOREIGN, HUB, OTHER_HUB, a_run, segments_of

RUN = a_run(NOON_MS - 60_000)
SEGMENT = segments_of(RUN, 1, size_bytes=300_000)[0]
BATCH = Batch((RunOffer(RUN, 4),), (SEGMENT,))
VIDEO = b"v" * SEGMENT.size_bytes


@pytest.fixture
async def hub(site: CloudSite) -> ClientSession:
    return with_token(site, HUB)


def with_token(site: CloudSite, hub: str) -> ClientSession:
    browser = site.browser()
    browser.headers.update(site.hub_headers(hub))
    return browser


async def post(hub: ClientSession, path: str, batch: Any = BATCH) -> tuple[int, Any]:
    async with hub.post(path, json=shapes.write(batch)) as answer:
        return answer.status, await answer.json(content_type=None)


async def put(hub: ClientSession, url: str, data: Any) -> int:
    async with hub.put(url, data=data) as answer:
        return answer.status


async def place(hub: ClientSession) -> str:
    _, places = await post(hub, "/v1/hub/uploads")
    return str(places["segments"][0]["url"])


def objects_in(site: CloudSite) -> list[str]:
    return sorted(file.name for file in site.media.rglob("*") if file.is_file())


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


# ------------------------------------------------------------ the whole way


async def test_places_bytes_commit_and_the_owner_can_play_it(site: CloudSite, hub: ClientSession) -> None:
    status, places = await post(hub, "/v1/hub/uploads")
    assert status == 200
    assert await put(hub, places["runs"][0]["url"], b"init") == 201
    assert await put(hub, places["segments"][0]["url"], VIDEO) == 201
    assert await post(hub, "/v1/hub/commits") == (
        200,
        {"runs": [{"state": "stored", "reason": ""}], "segments": [{"state": "stored", "reason": ""}]},
    )
    anna = await site.signed_in(ANNA)
    async with anna.get(f"/v1/cameras/{DOOR}/segments/{SEGMENT.start_ms}.m4s") as answer:
        assert await answer.read() == VIDEO


async def test_every_answer_carries_the_clouds_time(hub: ClientSession) -> None:
    async with hub.post("/v1/hub/uploads", json=shapes.write(BATCH)) as answer:
        assert answer.headers["Backsight-Time"] == str(NOON_MS)


# ------------------------------------------------------------ who may


@pytest.mark.parametrize("path", ["/v1/hub/uploads", "/v1/hub/commits"])
async def test_without_a_hubs_token_nothing_is_taken(site: CloudSite, path: str) -> None:
    assert (await post(site.browser(), path))[0] == 401


async def test_a_hub_uploads_only_for_cameras_of_its_own(site: CloudSite) -> None:
    _, places = await post(with_token(site, OTHER_HUB), "/v1/hub/uploads")
    assert [item["state"] for item in (*places["runs"], *places["segments"])] == ["refused", "refused"]
    assert ANNA not in str(places)


async def test_a_camera_that_is_not_bound_yet_is_worth_another_try(hub: ClientSession) -> None:
    batch = Batch((), tuple(segments_of(a_run(camera="0" * 12), 1)))
    assert (await post(hub, "/v1/hub/uploads", batch))[0] == 503


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "message.runs is missing"),
        ({"runs": [], "segments": [{"camera": DOOR}]}, "message.segments[0].start_ms is missing"),
        ({"runs": [], "segments": "all"}, "message.segments must be a list"),
        (
            {"runs": [], "segments": [shapes.write(SEGMENT) | {"camera": "door"}]},
            "message.segments[0]: 'door' is not a camera's identity",
        ),
        (
            {"runs": [], "segments": [shapes.write(SEGMENT) | {"end_ms": 0}]},
            "message.segments[0]: a segment must end after it starts",
        ),
    ],
)
async def test_a_batch_of_another_shape_is_refused_with_the_place_of_what_is_wrong(
    hub: ClientSession, body: Any, place: str
) -> None:
    status, problem = await post(hub, "/v1/hub/uploads", body)
    assert status == 400
    assert place in problem["detail"]


# ------------------------------------------------------------ signed addresses


async def test_a_made_up_address_is_refused(site: CloudSite) -> None:
    address = f"/v1/objects/{ANNA}/{DOOR}/20261124/1.m4s?size=5&expires={NOON_MS + 9999}&signature=00"
    assert await put(site.browser(), address, b"video") == 403
    assert objects_in(site) == []


@pytest.mark.parametrize(
    "change",
    [
        ("size=300000", "size=300001"),
        ("expires=1", "expires=2"),
        (DOOR, FOREIGN),
        ("signature=", "signature=0"),
    ],
)
async def test_a_changed_address_is_refused(
    site: CloudSite, hub: ClientSession, change: tuple[str, str]
) -> None:
    assert await put(hub, (await place(hub)).replace(*change), VIDEO) == 403
    assert objects_in(site) == []


@pytest.mark.parametrize(
    "query", ["", "?size=x&expires=y&signature=z", "?size=1", "?size=٣&expires=1&signature="]
)
async def test_an_address_without_its_permission_is_refused(hub: ClientSession, query: str) -> None:
    assert await put(hub, f"/v1/objects/{ANNA}/x.m4s{query}", b"x") == 403


async def test_an_address_ends(site: CloudSite, hub: ClientSession, clock: FakeClock) -> None:
    address = await place(hub)
    clock.jump(15 * 60_000)
    assert await put(hub, address, VIDEO) == 403


async def test_the_address_alone_is_the_permission(site: CloudSite, hub: ClientSession) -> None:
    assert await put(site.browser(), await place(hub), VIDEO) == 201


async def test_a_refusal_does_not_wait_for_the_body(site: CloudSite) -> None:
    host = urlsplit(site.address)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(b"PUT /v1/objects/a/b.m4s?size=9 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
    async with asyncio.timeout(5):
        assert b" 403 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("length", [0, 1, len(VIDEO) - 1, len(VIDEO) + 1, 2 * len(VIDEO)])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_another_size_is_refused_and_leaves_nothing(
    site: CloudSite, hub: ClientSession, length: int, chunked: bool
) -> None:
    body = (VIDEO * 2)[:length]
    address = await place(hub)
    try:
        assert await put(hub, address, in_pieces(body) if chunked else body) == 400
    except ConnectionError:
        assert length > len(VIDEO)  # refused while the body was still on its way
    assert objects_in(site) == []


async def test_a_body_may_come_in_pieces(site: CloudSite, hub: ClientSession) -> None:
    assert await put(hub, await place(hub), in_pieces(VIDEO[:7], VIDEO[7:])) == 201
    assert objects_in(site) == [f"{SEGMENT.start_ms}.m4s"]


async def test_putting_the_same_object_twice_at_once_leaves_one(site: CloudSite, hub: ClientSession) -> None:
    address = await place(hub)
    assert await asyncio.gather(*(put(hub, address, VIDEO) for _ in range(4))) == [201] * 4
    assert objects_in(site) == [f"{SEGMENT.start_ms}.m4s"]


async def test_when_too_much_is_on_its_way_a_hub_is_asked_to_wait(
    hub: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_HELD_BYTES", SEGMENT.size_bytes - 1)
    async with hub.put(await place(hub), data=VIDEO) as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "5"
