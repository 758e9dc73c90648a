"""A clip is a run's init and consecutive segment files, byte for byte, and any player plays it."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from fakes.clock import NOON_MS
from fakes.fmp4 import frames_in
from fakes.footage_of_hub import CAMERA, OTHER, film_run
from fakes.house import House, a_house

CLIP = f"/cameras/{CAMERA}/clip.mp4"
TWO_RUNS = f"from={NOON_MS}&to={NOON_MS + 120_000}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


async def test_a_clip_is_init_and_segments(house: House) -> None:
    first, second, _ = await film_run(house.store, 3)
    history = house.store.history
    _, headers, body = await house.get(f"{CLIP}?from={first.start_ms}&to={second.end_ms}")
    files = [await history.read_segment(segment) for segment in (first, second)]
    assert body == b"".join([await history.read_init(CAMERA, NOON_MS), *files])
    assert headers["Content-Length"] == str(len(body))
    assert headers["Content-Type"] == "video/mp4"


async def test_a_clip_from_the_middle_of_a_run_decodes(house: House) -> None:
    _, second, third = await film_run(house.store, 3)
    _, _, body = await house.get(f"{CLIP}?from={second.start_ms}&to={third.end_ms}")
    assert frames_in(body) == 60


async def test_a_clip_is_named_after_its_camera_and_its_local_time(house: House) -> None:
    await film_run(house.store, 1, camera=OTHER)
    address = f"/cameras/{OTHER}/clip.mp4?from={NOON_MS}&to={NOON_MS + 1}"
    _, headers, _ = await house.get(address)
    assert "K_che 20" in headers["Content-Disposition"]
    assert f"filename*=UTF-8''{quote('Küche 20')}" in headers["Content-Disposition"]


async def test_a_name_cannot_break_out_of_its_header(house: House) -> None:
    await film_run(house.store, 1)
    _, headers, _ = await house.get(f"{CLIP}?from={NOON_MS}&to={NOON_MS + 1}")
    assert "filename=\"Front 'door' 20" in headers["Content-Disposition"]


async def test_a_span_with_a_break_is_refused_with_the_parts_that_can_be_had(house: House) -> None:
    await film_run(house.store, 2)
    await film_run(house.store, 1, NOON_MS + 60_000)
    status, headers, body = await house.get(f"{CLIP}?{TWO_RUNS}")
    assert (status, headers["Content-Type"]) == (409, "application/problem+json; charset=utf-8")
    parts = json.loads(body)["parts"]
    assert [part["from_ms"] for part in parts] == [NOON_MS, NOON_MS + 60_000]
    answers = [await house.get(part["clip"]) for part in parts]
    assert [(status, frames_in(clip)) for status, _, clip in answers] == [(200, 60), (200, 30)]


async def test_a_clip_holds_nothing_past_the_horizon(house: House) -> None:
    *_, last = await film_run(house.store, 3, NOON_MS - 6000)
    house.windows.shrink(2000)
    _, _, body = await house.get(f"{CLIP}?from={NOON_MS - 6000}&to={NOON_MS}")
    assert len(body) == last.size_bytes + len(await house.store.history.read_init(CAMERA, NOON_MS - 6000))


async def test_a_clip_whose_files_vanish_is_torn_and_does_not_pretend_to_be_whole(house: House) -> None:
    first, second = await film_run(house.store, 2)
    path = next(path for path in house_files(house) if str(second.start_ms) in path.name)
    path.unlink()
    with pytest.raises(Exception, match=r"(?i)payload|disconnected|reset"):
        await house.get(f"{CLIP}?from={first.start_ms}&to={second.end_ms}")


async def test_head_tells_a_clips_size_without_sending_it(house: House) -> None:
    (segment,) = await film_run(house.store, 1)
    init = await house.store.history.read_init(CAMERA, NOON_MS)
    async with house.session.head(f"{house.url}{CLIP}?from={NOON_MS}&to={NOON_MS + 1}") as answer:
        assert answer.headers["Content-Length"] == str(segment.size_bytes + len(init))


@pytest.mark.slow
async def test_ffmpeg_plays_the_playlist_and_the_clip_of_a_run(house: House) -> None:
    await film_run(house.store, 3)
    span = f"from={NOON_MS}&to={NOON_MS + 6000}"
    assert await read_by_ffmpeg(f"{house.url}/cameras/{CAMERA}/playlist.m3u8?{span}", "frames") == 90
    assert await read_by_ffmpeg(f"{house.url}{CLIP}?{span}", "frames") == 90


@pytest.mark.slow
async def test_ffmpeg_reads_a_playlist_over_a_break(house: House) -> None:
    """Read whole, that is: ffmpeg 5 does not rebase time at a discontinuity, and hides the GOP behind it."""
    await film_run(house.store, 3)
    await film_run(house.store, 2, NOON_MS + 60_000)
    assert await read_by_ffmpeg(f"{house.url}/cameras/{CAMERA}/playlist.m3u8?{TWO_RUNS}", "packets") == 150


async def read_by_ffmpeg(url: str, what: str) -> int:
    """How many frames were decoded, or packets read."""
    program = shutil.which("ffprobe")
    assert program is not None, "ffmpeg must be installed: apt-get install ffmpeg"
    count = [f"-count_{what}", "-show_entries", f"stream=nb_read_{what}", "-of", "default=nw=1:nk=1"]
    process = await asyncio.create_subprocess_exec(
        program, "-v", "error", "-select_streams", "v", *count, url, stdout=subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 25)
    return int(out.split()[0])


def house_files(house: House) -> list[Path]:
    return list(Path(house.folder).rglob("*.m4s"))
