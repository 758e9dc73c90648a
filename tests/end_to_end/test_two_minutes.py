"""Two minutes of four cameras: every frame is there once and in order, on hub and cloud, and plays.

Everything is real but the cameras, and those are real on the wire: python-kasa, TLS, RTSP, mosquitto, SQLite,
ffmpeg and Chromium. The recording is made once; each test looks at one thing of it.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from end_to_end.watching import FILE_PLAYER, HLS_PLAYER, a_page, open_player, pictures_appear
from stage.cloud import EMAIL, PASSWORD
from stage.frames import Proof, prove
from stage.lookout import Lookout, Sighting, last_hour
from stage.process import until
from stage.whole import Plan, Whole, whole

RECORDING_S = 125.0  # two minutes and a segment's rest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]


class Recording:
    """The running whole, and all that both sides listed while it recorded."""

    def __init__(self, running: Whole) -> None:
        self.running = running
        hub, owner = running.hub, running.owner
        self.hub = {c: _lookout("hub", c, f"/cameras/{c}", hub) for c in running.cameras}
        self.cloud = {c: _lookout("cloud", c, f"/v1/cameras/{c}", owner) for c in running.cameras}
        self.proofs: dict[str, Proof] = {}

    async def make(self) -> None:
        """Record, then decode what the hub has."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as eyes:
            for lookout in [*self.hub.values(), *self.cloud.values()]:
                eyes.create_task(lookout.watch(stop))
            await asyncio.sleep(RECORDING_S)
            stop.set()
        schedules = {camera: await self.running.street.frames(camera) for camera in self.hub}
        painted = {c["mac"].replace(":", "").lower(): c["number"] for c in self.running.street.cameras}
        parts = [
            (next(iter(seen.inits.values())), in_order(seen), schedules[camera], painted[camera])
            for camera, seen in self.hub.items()
        ]
        self.proofs = dict(zip(self.hub, await asyncio.to_thread(prove, parts), strict=True))


def in_order(lookout: Lookout) -> list[Sighting]:
    return sorted(lookout.sightings.values(), key=lambda seen: seen.start_ms)


def _lookout(side: str, camera: str, base: str, eyes: Any) -> Lookout:
    return Lookout(side, camera, f"{base}/history", base + "/segments/{start}.m4s", eyes.json, eyes.bytes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recording(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Recording]:
    folder = tmp_path_factory.mktemp("two-minutes")
    windows = {"free": "20m", "plus": "1h", "premium": "2h"}
    async with whole(Plan(folder, windows)) as running:
        made = Recording(running)
        await made.make()
        yield made


async def test_every_camera_was_recorded_in_one_unbroken_run(recording: Recording) -> None:
    assert {camera: len(seen.inits) for camera, seen in recording.hub.items()} == dict.fromkeys(
        recording.hub, 1
    )


async def test_every_frame_is_there_once_and_in_order(recording: Recording) -> None:
    wrong = {
        camera: proof
        for camera, proof in recording.proofs.items()
        if proof.missing or proof.repeated or proof.wrong_camera
    }
    assert wrong == {}


async def test_two_minutes_of_each_camera_were_seen(recording: Recording) -> None:
    assert all(proof.expected >= 105 * 15 for proof in recording.proofs.values())


async def test_segments_follow_one_another_without_a_gap(recording: Recording) -> None:
    for seen in recording.hub.values():
        segments = in_order(seen)
        assert [s.start_ms for s in segments[1:]] == [s.end_ms for s in segments[:-1]]


async def test_the_cloud_has_the_same_bytes_in_the_same_order(recording: Recording) -> None:
    for camera, seen in recording.cloud.items():
        copies = in_order(seen)
        originals = in_order(recording.hub[camera])[: len(copies)]
        assert len(copies) >= 10
        assert [s.data for s in copies] == [s.data for s in originals]


async def test_a_clip_from_the_cloud_is_init_and_segments_byte_for_byte(recording: Recording) -> None:
    for camera, seen in recording.cloud.items():
        segments = in_order(seen)[2:7]
        clip = await recording.running.owner.bytes(
            f"/v1/cameras/{camera}/clip.mp4", **{"from": segments[0].start_ms, "to": segments[-1].end_ms}
        )
        assert clip == next(iter(seen.inits.values())) + b"".join(s.data for s in segments)


async def test_ffmpeg_plays_the_hub_s_playlist(recording: Recording, tmp_path: Path) -> None:
    camera, seen = next(iter(recording.hub.items()))
    segments = in_order(seen)[1:5]
    span = f"from={segments[0].start_ms}&to={segments[-1].end_ms}"
    url = f"{recording.running.hub.url}/cameras/{camera}/playlist.m3u8?{span}"
    command = ["ffmpeg", "-v", "error", "-i", url, "-map", "0:v", "-c", "copy", "-f", "framemd5", "-"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    frames = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    milliseconds = segments[-1].end_ms - segments[0].start_ms
    assert (done.stderr, len(frames)) == ("", round(milliseconds * 15 / 1000))


async def test_hls_js_plays_the_hub_s_playlist(recording: Recording) -> None:
    camera, seen = list(recording.hub.items())[-1]
    segments = in_order(seen)[1:4]
    span = f"from={segments[0].start_ms}&to={segments[-1].end_ms}"
    async with a_page() as page:
        playlist = f"/cameras/{camera}/playlist.m3u8?{span}"
        await open_player(page, HLS_PLAYER, recording.running.hub.url, playlist)
        await pictures_appear(page)


async def test_a_browser_plays_a_clip_from_the_hub(recording: Recording) -> None:
    camera, seen = next(iter(recording.hub.items()))
    segments = in_order(seen)[3:5]
    span = f"from={segments[0].start_ms}&to={segments[-1].end_ms}"
    async with a_page() as page:
        clip = f"/cameras/{camera}/clip.mp4?{span}"
        await open_player(page, FILE_PLAYER, recording.running.hub.url, clip)
        await pictures_appear(page)


async def test_an_owner_watches_it_in_a_browser(recording: Recording) -> None:
    running = recording.running
    address = running.cloud.addresses["http"]
    async with a_page() as page:
        await page.goto(f"{address}/cameras/{running.cameras[0]}")
        await page.fill("input[name=email]", EMAIL)
        await page.fill("input[name=password]", PASSWORD)
        await page.press("input[name=password]", "Enter")
        await pictures_appear(page)


async def test_one_camera_s_trouble_touches_no_other(recording: Recording) -> None:
    running = recording.running
    troubled, *others = running.cameras
    before = {camera: await _newest_end(running, camera) for camera in others}
    await running.street.fault(troubled, "garbage", seconds=12)

    async def troubled_is_seen() -> bool:
        states = {c["camera"]: c["state"] for c in (await running.hub.json("/status"))["cameras"]}
        return states[troubled] == "stream_broken" and all(states[c] == "recording" for c in others)

    await until(troubled_is_seen, 10, "the hub to say what is wrong with one camera")

    async def others_went_on() -> bool:
        ends = {camera: await _newest_end(running, camera) for camera in others}
        return all(ends[camera] > before[camera] + 9_000 for camera in others)

    await until(others_went_on, 30, "the other cameras' next segments")
    await until(running.hub.recording, 45, "the troubled camera to record again")


async def _newest_end(running: Whole, camera: str) -> int:
    answer = await running.hub.json(f"/cameras/{camera}/history", **last_hour())
    return int(max(segment["end_ms"] for segment in answer["segments"]))
