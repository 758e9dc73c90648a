"""A player that knows nothing of us plays what the cloud serves: every frame, over runs, with a cookie."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.domain.keys import run_key, segment_key
from backsight_shared.segment import Run, Segment
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_site import CloudSite, cloud_site
from fakes.household import ANNA, DOOR, HOUR_MS, a_run, record

FRAMES_PER_SEGMENT, SEGMENTS, SEGMENT_MS = 30, 4, 2000

pytestmark = pytest.mark.slow


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[CloudSite]:
    async with cloud_site(tmp_path, FakeClock()) as made:
        yield made


async def run_tool(*command: str) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(25):
        output, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return output


async def film(folder: Path) -> tuple[bytes, list[bytes]]:
    """An init and segments of fragmented H.264, as ffmpeg makes them."""
    folder.mkdir()
    encode = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 15 -keyint_min 15 -sc_threshold 0"
    hls = f"-f hls -hls_time {SEGMENT_MS // 1000} -hls_list_size 0 -hls_segment_type fmp4"
    source = f"testsrc=size=320x180:rate=15:duration={SEGMENTS * SEGMENT_MS // 1000}"
    await run_tool(
        *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, *encode.split(), *hls.split()),
        *("-hls_segment_filename", f"{folder}/%d.m4s", f"{folder}/film.m3u8"),
    )
    return (folder / "init.mp4").read_bytes(), [(folder / f"{n}.m4s").read_bytes() for n in range(SEGMENTS)]


async def store_film(site: CloudSite, run: Run, folder: Path) -> bytes:
    """Store it as a run of the door; the whole film's bytes."""
    init, parts = await film(folder)
    await site.objects.put(run_key(ANNA, DOOR, run.run_ms), init)
    starts = [run.run_ms + number * SEGMENT_MS for number in range(SEGMENTS)]
    segments = [
        Segment(DOOR, start, start + SEGMENT_MS, run.run_ms, number, len(part))
        for number, (start, part) in enumerate(zip(starts, parts, strict=True))
    ]
    for segment, part in zip(segments, parts, strict=True):
        await site.objects.put(segment_key(ANNA, DOOR, segment.start_ms), part)
    await record(site.database, run, segments)
    return init + b"".join(parts)


async def frames_in(address: str, *options: str) -> int:
    answer = await run_tool(
        *("ffprobe", "-v", "error", *options, "-count_frames", "-select_streams", "v"),
        *("-show_entries", "stream=nb_read_frames", "-of", "json", address),
    )
    return int(json.loads(answer)["streams"][0]["nb_read_frames"])


async def test_ffmpeg_plays_every_frame_of_a_playlist(site: CloudSite, tmp_path: Path) -> None:
    run = a_run(NOON_MS - HOUR_MS)
    await store_film(site, run, tmp_path / "film")
    cookie = (await site.signed_in()).headers["Cookie"]
    address = f"{site.address}/v1/cameras/{DOOR}/playlist.m3u8?from={run.run_ms}&to={NOON_MS}"
    assert await frames_in(address, "-headers", f"Cookie: {cookie}\r\n") == SEGMENTS * FRAMES_PER_SEGMENT


async def test_ffmpeg_reads_on_over_the_break_between_two_runs(site: CloudSite, tmp_path: Path) -> None:
    first, second = a_run(NOON_MS - HOUR_MS), a_run(NOON_MS - HOUR_MS + 60_000, after="off")
    for run in (first, second):
        await store_film(site, run, tmp_path / str(run.run_ms))
    cookie = (await site.signed_in()).headers["Cookie"]
    address = f"{site.address}/v1/cameras/{DOOR}/playlist.m3u8?from={first.run_ms}&to={NOON_MS}"
    packets = await run_tool(
        *("ffprobe", "-v", "error", "-headers", f"Cookie: {cookie}\r\n", "-select_streams", "v"),
        *("-show_entries", "packet=pts_time", "-of", "csv=p=0", address),
    )  # packets: ffmpeg 5.1 shows fewer frames when timestamps begin anew, also of its own two films in a row
    assert len(packets.split()) == 2 * SEGMENTS * FRAMES_PER_SEGMENT


async def test_a_downloaded_clip_is_a_valid_file_and_byte_for_byte_what_was_stored(
    site: CloudSite, tmp_path: Path
) -> None:
    run = a_run(NOON_MS - HOUR_MS)
    stored = await store_film(site, run, tmp_path / "film")
    anna = await site.signed_in()
    async with anna.get(f"/v1/cameras/{DOOR}/clip.mp4?from={run.run_ms}&to={NOON_MS}") as answer:
        clip = await answer.read()
    assert clip == stored
    (tmp_path / "clip.mp4").write_bytes(clip)
    assert await frames_in(str(tmp_path / "clip.mp4")) == SEGMENTS * FRAMES_PER_SEGMENT
