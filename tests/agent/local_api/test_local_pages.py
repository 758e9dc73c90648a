"""The local API shows state and history as they are at this moment, and nothing that has left it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backsight_agent.domain.states import State
from fakes.clock import NOON_MS
from fakes.footage_of_hub import CAMERA, OTHER, film_run, record
from fakes.house import HOUR_MS, House, a_house

ALL = f"from={NOON_MS - HOUR_MS}&to={NOON_MS + HOUR_MS}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


async def json_of(house: House, path: str, status: int = 200) -> Any:
    found, _, body = await house.get(path)
    assert found == status, body
    return json.loads(body)


async def test_the_status_is_what_the_agent_says(house: House) -> None:
    assert await json_of(house, "/status") == {"hub": "Hub", "cameras": 2}


async def test_cameras_have_a_name_a_state_and_how_far_back_they_reach(house: House) -> None:
    await record(house.store, 3)
    house.looking.board.set_state(CAMERA, State.RECORDING, "Recording")
    house.windows.shrink(HOUR_MS)
    first, second = (await json_of(house, "/cameras"))["cameras"]
    assert (first["camera"], first["name"], first["state"]) == (CAMERA, 'Front "door"', "recording")
    assert (first["from_ms"], first["to_ms"]) == (NOON_MS, NOON_MS + 30_000)
    assert first["horizon_ms"] == NOON_MS - HOUR_MS
    assert (second["camera"], second["from_ms"]) == (OTHER, None)


async def test_the_history_lists_segments_gaps_and_the_horizon(house: House) -> None:
    first = await record(house.store, 2)
    second = await record(house.store, 1, NOON_MS + 60_000, after="off")
    found = await json_of(house, f"/cameras/{CAMERA}/history?{ALL}")
    assert [s["start_ms"] for s in found["segments"]] == [s.start_ms for s in [*first, *second]]
    assert found["gaps"] == [{"from_ms": NOON_MS + 20_000, "to_ms": NOON_MS + 60_000, "reason": "off"}]
    assert found["horizon_ms"] == NOON_MS - 1000 * HOUR_MS


async def test_without_a_span_the_history_is_that_of_the_last_day(house: House) -> None:
    await record(house.store, 1, NOON_MS - 25 * HOUR_MS)
    (recent,) = await record(house.store, 1, NOON_MS - HOUR_MS)
    found = await json_of(house, f"/cameras/{CAMERA}/history")
    assert [s["start_ms"] for s in found["segments"]] == [recent.start_ms]


async def test_the_history_is_masked_before_anything_is_deleted(house: House) -> None:
    *_, last = await record(house.store, 3, NOON_MS - 30_000)
    house.windows.shrink(10_000)
    found = await json_of(house, f"/cameras/{CAMERA}/history?{ALL}")
    assert [s["start_ms"] for s in found["segments"]] == [last.start_ms]


async def test_a_gap_before_the_horizon_is_not_shown_and_one_across_it_is_cut(house: House) -> None:
    await record(house.store, 1, NOON_MS - 60_000)
    await record(house.store, 1, NOON_MS - 40_000, after="off")
    await record(house.store, 1, NOON_MS - 10_000, after="unreachable")
    house.windows.shrink(20_000)
    found = await json_of(house, f"/cameras/{CAMERA}/history?{ALL}")
    assert found["gaps"] == [
        {"from_ms": NOON_MS - 20_000, "to_ms": NOON_MS - 10_000, "reason": "unreachable"}
    ]


async def test_a_segment_past_the_horizon_is_not_found_while_its_file_is_still_there(house: House) -> None:
    first, second = await film_run(house.store, 2, NOON_MS - 4000)
    address = f"/cameras/{CAMERA}/segments/{first.start_ms}.m4s"
    assert (await house.get(address))[0] == 200
    house.windows.shrink(2000)
    assert (await house.get(address))[0] == 404
    assert await house.store.history.read_segment(first)
    assert (await house.get(f"/cameras/{CAMERA}/segments/{second.start_ms}.m4s"))[0] == 200


async def test_segments_and_inits_are_the_files_byte_for_byte(house: House) -> None:
    (segment,) = await film_run(house.store, 1)
    _, headers, body = await house.get(f"/cameras/{CAMERA}/segments/{segment.start_ms}.m4s")
    assert body == await house.store.history.read_segment(segment)
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("video/mp4", "no-store")
    _, _, init = await house.get(f"/cameras/{CAMERA}/runs/{NOON_MS}.mp4")
    assert init == await house.store.history.read_init(CAMERA, NOON_MS)


async def test_erasures_say_when_and_why(house: House) -> None:
    (first, _) = await record(house.store, 2)
    await house.store.retention.erase_until(CAMERA, first.end_ms, "expired", NOON_MS)
    (line,) = (await json_of(house, f"/cameras/{CAMERA}/erasures"))["erasures"]
    assert (line["reason"], line["count"], line["to_ms"]) == ("expired", 1, first.end_ms)


async def test_a_playlist_lists_the_visible_segments_and_ends(house: House) -> None:
    await record(house.store, 2)
    await record(house.store, 1, NOON_MS + 60_000)
    _, headers, body = await house.get(f"/cameras/{CAMERA}/playlist.m3u8?{ALL}")
    text = body.decode()
    assert headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert text.count("#EXTINF") == 3
    assert text.count("#EXT-X-DISCONTINUITY") == 1
    assert f"segments/{NOON_MS}.m4s" in text
    assert text.endswith("#EXT-X-ENDLIST\n")


async def test_a_playlist_without_an_end_grows(house: House) -> None:
    await record(house.store, 1)
    _, _, body = await house.get(f"/cameras/{CAMERA}/playlist.m3u8?from={NOON_MS}")
    assert b"PLAYLIST-TYPE:EVENT" in body
    assert b"ENDLIST" not in body


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/cameras/nothing/history", 404, f"there are: {OTHER}, {CAMERA}"),
        ("/cameras/0000deadbeef/playlist.m3u8?from=1&to=2", 404, "0000deadbeef"),
        (f"/cameras/{CAMERA}/playlist.m3u8", 400, "from:"),
        (f"/cameras/{CAMERA}/playlist.m3u8?from=yesterday&to=2", 400, "from:"),
        (f"/cameras/{CAMERA}/playlist.m3u8?from=1&to=-2", 400, "to:"),
        (f"/cameras/{CAMERA}/clip.mp4?from=5&to=5", 400, "to:"),
        (f"/cameras/{CAMERA}/clip.mp4?from=99999999999999999999", 400, "from:"),
        (f"/cameras/{CAMERA}/history?from=0&to={NOON_MS}", 400, "168 hours"),
        (f"/cameras/{CAMERA}/clip.mp4?from=5&to=6", 404, "Nothing was recorded"),
        (f"/cameras/{CAMERA}/segments/12.m4s", 404, "segment 12"),
        (f"/cameras/{CAMERA}/runs/12.mp4", 404, "run 12"),
        (f"/cameras/{CAMERA}/segments/../../../agent.db", 404, "/cameras"),
        (f"/cameras/{CAMERA}/segments/%2e%2e%2fagent.m4s", 404, "/cameras"),
        ("/nothing", 404, "/cameras"),
    ],
)
async def test_a_wrong_question_is_answered_with_what_is_wrong_and_the_way_out(
    house: House, path: str, status: int, said: str
) -> None:
    found, headers, body = await house.get(path)
    problem = json.loads(body)
    assert (found, headers["Content-Type"]) == (status, "application/problem+json; charset=utf-8")
    assert said in problem["detail"]
    assert problem["status"] == status


async def test_nothing_can_be_changed_here(house: House) -> None:
    async with house.session.delete(f"{house.url}/cameras") as answer:
        assert answer.status == 405
        assert "GET" in (await answer.json(content_type=None))["detail"]


async def test_a_camera_that_is_no_longer_configured_can_still_be_read(house: House) -> None:
    await record(house.store, 1, camera="0000deadbeef")
    found = await json_of(house, f"/cameras/0000deadbeef/history?{ALL}")
    assert len(found["segments"]) == 1
