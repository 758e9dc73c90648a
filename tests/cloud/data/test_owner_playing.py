"""What an owner plays and downloads is what exists at that moment, byte for byte what the hub made."""

import pytest
from aiohttp import ClientSession

from backsight_cloud.domain.keys import segment_key
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_site import INIT, CloudSite, get, get_bytes
from fakes.household import (
    ANNA,
    DAY_MS,
    DOOR,
    HOUR_MS,
    MINUTE_MS,
    a_camera,
    a_run,
    segments_of,
)

RUN = a_run(NOON_MS - HOUR_MS)
SEGMENTS = segments_of(RUN, 6)
SPAN = f"from={RUN.run_ms}&to={RUN.run_ms + 60_000}"


# ------------------------------------------------------------ playing


async def test_a_playlist_lists_init_and_segments_by_addresses_that_work(
    site: CloudSite, anna: ClientSession
) -> None:
    stored = await site.store(RUN, SEGMENTS)
    address = f"/v1/cameras/{DOOR}/playlist.m3u8?{SPAN}"
    async with anna.get(address) as answer:
        assert answer.content_type == "application/vnd.apple.mpegurl"
        assert answer.headers["Cache-Control"] == "no-store"
        lines = (await answer.text()).splitlines()
    assert f'#EXT-X-MAP:URI="runs/{RUN.run_ms}.mp4"' in lines
    assert lines[-1] == "#EXT-X-ENDLIST"
    media = [line for line in lines if not line.startswith("#")]
    assert [await get_bytes(anna, f"/v1/cameras/{DOOR}/{path}") for path in media] == list(stored.values())


async def test_a_playlist_that_reaches_into_the_future_may_grow(site: CloudSite, anna: ClientSession) -> None:
    await site.store(RUN, SEGMENTS)
    async with anna.get(f"/v1/cameras/{DOOR}/playlist.m3u8?from={RUN.run_ms}&to={NOON_MS + 1}") as answer:
        text = await answer.text()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
    assert "ENDLIST" not in text


async def test_a_playlist_covers_two_hours_at_most(anna: ClientSession) -> None:
    query = f"from={NOON_MS - 2 * HOUR_MS - 1}&to={NOON_MS}"
    status, problem = await get(anna, f"/v1/cameras/{DOOR}/playlist.m3u8?{query}")
    assert (status, problem["field"]) == (400, "to")


async def test_a_playlist_of_nothing_is_not_found(anna: ClientSession) -> None:
    status, problem = await get(anna, f"/v1/cameras/{DOOR}/playlist.m3u8?{SPAN}")
    assert (status, problem["title"]) == (404, "Nothing there")


async def test_segments_may_be_cached_but_only_while_they_exist(
    site: CloudSite, anna: ClientSession, clock: FakeClock
) -> None:
    await site.store(RUN, SEGMENTS)
    path = f"/v1/cameras/{DOOR}/segments/{RUN.run_ms}.m4s"
    async with anna.get(path) as answer:
        assert answer.headers["Cache-Control"] == "private, max-age=300, immutable"
        assert answer.content_length == SEGMENTS[0].size_bytes
    clock.jump(11 * HOUR_MS)
    async with anna.get(path) as answer:
        assert answer.headers["Cache-Control"] == "private, max-age=10, immutable"


async def test_head_says_the_size_and_sends_nothing(site: CloudSite, anna: ClientSession) -> None:
    await site.store(RUN, SEGMENTS)
    async with anna.head(f"/v1/cameras/{DOOR}/clip.mp4?{SPAN}") as answer:
        assert answer.content_length == len(INIT) + 600
        assert await answer.read() == b""


@pytest.mark.parametrize("path", ["runs/x.mp4", "segments/-1.m4s", "segments/9999999999999999.m4s"])
async def test_a_strange_number_in_a_path_is_a_bad_request(anna: ClientSession, path: str) -> None:
    assert (await get(anna, f"/v1/cameras/{DOOR}/{path}"))[0] == 400


@pytest.mark.parametrize("path", ["runs/5.mp4", "segments/5.m4s"])
async def test_what_never_was_is_not_found(anna: ClientSession, path: str) -> None:
    assert (await get(anna, f"/v1/cameras/{DOOR}/{path}"))[0] == 404


# ------------------------------------------------------------ masked by the horizon


async def test_what_has_expired_is_gone_at_that_moment_though_its_bytes_are_still_there(
    site: CloudSite, anna: ClientSession, clock: FakeClock
) -> None:
    await site.store(RUN, SEGMENTS)
    clock.jump(11 * HOUR_MS + 10_000)  # the first segment has just reached the horizon
    base = f"/v1/cameras/{DOOR}"
    assert (await get(anna, f"{base}/segments/{RUN.run_ms}.m4s"))[0] == 404
    _, history = await get(anna, f"{base}/history?{SPAN}")
    assert [segment["start_ms"] for segment in history["segments"]] == [s.start_ms for s in SEGMENTS[1:]]
    assert history["from_ms"] == SEGMENTS[1].start_ms
    async with anna.get(f"{base}/playlist.m3u8?{SPAN}") as answer:
        assert f"segments/{RUN.run_ms}.m4s" not in await answer.text()
    clip = await get_bytes(anna, f"{base}/clip.mp4?{SPAN}")
    assert len(clip) == len(INIT) + 5 * 100
    assert (site.media / segment_key(ANNA, DOOR, RUN.run_ms)).exists()


async def test_the_init_can_be_had_as_long_as_something_of_its_run_can(
    site: CloudSite, anna: ClientSession, clock: FakeClock
) -> None:
    await site.store(RUN, SEGMENTS)
    path = f"/v1/cameras/{DOOR}/runs/{RUN.run_ms}.mp4"
    clock.jump(11 * HOUR_MS + 59_000)
    assert await get_bytes(anna, path) == INIT
    clock.jump(1_000)
    assert (await get(anna, path))[0] == 404


async def test_a_smaller_plan_hides_at_once_and_a_larger_one_brings_nothing_back(
    site: CloudSite, anna: ClientSession
) -> None:
    await site.store(RUN, SEGMENTS)
    path = f"/v1/cameras/{DOOR}/segments/{RUN.run_ms}.m4s"
    smaller, larger = WindowStep(NOON_MS - 1, MINUTE_MS), WindowStep(NOON_MS, DAY_MS)
    async with site.database.begin() as tx:
        await tx.cameras.replace_steps(DOOR, (smaller,))
    assert (await get(anna, path))[0] == 404
    async with site.database.begin() as tx:
        await tx.cameras.replace_steps(DOOR, (smaller, larger))
    assert (await get(anna, path))[0] == 404


async def test_erasures_say_what_left_when_and_why(site: CloudSite, anna: ClientSession) -> None:
    await site.store(RUN, SEGMENTS)
    async with site.database.begin() as tx:
        await tx.footage.erase_until(a_camera(), SEGMENTS[1].end_ms, "expired", NOON_MS)
    _, answer = await get(anna, f"/v1/cameras/{DOOR}/erasures")
    assert answer["erasures"] == [
        {
            "camera": DOOR,
            "at_ms": NOON_MS,
            "reason": "expired",
            "from_ms": RUN.run_ms,
            "to_ms": SEGMENTS[1].end_ms,
            "count": 2,
            "size_bytes": 200,
        }
    ]


# ------------------------------------------------------------ clips


async def test_a_clip_is_byte_for_byte_init_and_segments(site: CloudSite, anna: ClientSession) -> None:
    stored = await site.store(RUN, segments_of(RUN, 6, size_bytes=700_001))
    async with anna.get(f"/v1/cameras/{DOOR}/clip.mp4?{SPAN}") as answer:
        body = await answer.read()
        assert body == INIT + b"".join(stored.values())
        assert answer.content_length == len(body)
        assert answer.content_type == "video/mp4"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_clip_takes_the_segments_that_the_span_touches(site: CloudSite, anna: ClientSession) -> None:
    stored = await site.store(RUN, SEGMENTS)
    begins = RUN.run_ms
    body = await get_bytes(anna, f"/v1/cameras/{DOOR}/clip.mp4?from={begins + 10_000}&to={begins + 20_001}")
    assert body == INIT + stored[begins + 10_000] + stored[begins + 20_000]


async def test_a_clip_is_named_by_camera_and_local_time(site: CloudSite, anna: ClientSession) -> None:
    await site.store(RUN, SEGMENTS)
    async with site.database.begin() as tx:
        await tx.cameras.update(a_camera(name='Tür "Süd"/../\r\nx'))
    async with anna.get(f"/v1/cameras/{DOOR}/clip.mp4?{SPAN}") as answer:
        disposition = answer.headers["Content-Disposition"]
    assert disposition == (
        'attachment; filename="T_r S_d..x 2026-11-24 12.00.00.mp4"; '
        "filename*=UTF-8''T%C3%BCr%20S%C3%BCd..x%202026-11-24%2012.00.00.mp4"
    )


async def test_a_span_of_several_parts_names_each_part_and_its_address(
    site: CloudSite, anna: ClientSession
) -> None:
    later = a_run(RUN.run_ms + 70_000, after="stream_broken")
    first = await site.store(RUN, SEGMENTS)
    second = await site.store(later, segments_of(later, 2), init=b"another init")
    span = f"from={RUN.run_ms}&to={NOON_MS}"
    status, problem = await get(anna, f"/v1/cameras/{DOOR}/clip.mp4?{span}")
    assert status == 409
    assert [(part["from_ms"], part["to_ms"]) for part in problem["parts"]] == [
        (RUN.run_ms, RUN.run_ms + 60_000),
        (later.run_ms, later.run_ms + 20_000),
    ]
    bodies = [await get_bytes(anna, part["url"]) for part in problem["parts"]]
    assert bodies == [INIT + b"".join(first.values()), b"another init" + b"".join(second.values())]


async def test_an_object_that_is_lost_ends_the_answer_instead_of_shortening_it(
    site: CloudSite, anna: ClientSession
) -> None:
    await site.store(RUN, SEGMENTS)
    (site.media / segment_key(ANNA, DOOR, SEGMENTS[3].start_ms)).unlink()
    assert (await get(anna, f"/v1/cameras/{DOOR}/segments/{SEGMENTS[3].start_ms}.m4s"))[0] == 404
    with pytest.raises(Exception, match=r"payload|closed|disconnect|reset"):
        await get_bytes(anna, f"/v1/cameras/{DOOR}/clip.mp4?{SPAN}")
