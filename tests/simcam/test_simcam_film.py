"""The numbers painted into a film survive encoding, and the reader finds every one that is missing."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest

from simcam.annexb import IDR, PPS, SLICE, SPS, nal_type
from simcam.film import Film, load
from simcam.filming import Plan
from simcam.painting import painted_row, read_painting
from simcam.reading import Seen, frames_in, missing_and_repeated, walk
from simcam.timeline import Timeline, blocks_before

CYCLE = 480


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return load(Plan(7, 320, 180), tmp_path_factory.mktemp("film"))


def a_recording(film: Film, indexes: list[int], beats: list[int] | None = None) -> bytes:
    """An MP4 of these frames of the film, remuxed without re-encoding."""
    recording = BytesIO()
    with (
        av.open(BytesIO(film.access_unit(0)), "r", format="h264") as probe,
        av.open(recording, "w", format="mp4") as out,
    ):
        stream = out.add_stream_from_template(probe.streams.video[0])
        for beat, index in zip(beats or range(len(indexes)), indexes, strict=True):
            packet = av.Packet(film.access_unit(index))
            packet.stream, packet.time_base = stream, Fraction(1, 15)
            packet.pts = packet.dts = beat
            packet.is_keyframe = index % 30 == 0
            out.mux(packet)
    return recording.getvalue()


def seen(numbers: list[int], beats: list[float] | None = None) -> list[Seen]:
    times = beats or [float(i) for i in range(len(numbers))]
    return [Seen(1, number, beat / 15) for number, beat in zip(numbers, times, strict=True)]


def test_a_painting_says_its_camera_and_its_number() -> None:
    row = painted_row(200, 479, 1920)
    assert read_painting(row * 60, 1920, 1920) == (200, 479)


def test_a_spoiled_painting_is_not_read_as_another_number() -> None:
    row = bytearray(painted_row(3, 100, 320))
    row[15 * 10 : 16 * 10] = bytes([255 - row[15 * 10]]) * 10
    assert read_painting(bytes(row) * 10, 320, 320) is None


def test_every_frame_of_the_cycle_is_read_in_order(film: Film) -> None:
    stream = b"".join(film.access_unit(i) for i in range(CYCLE + 30))
    assert [(s.camera, s.number) for s in frames_in(stream)] == [(7, i % CYCLE) for i in range(CYCLE + 30)]


def test_each_gop_has_30_frames_and_its_parameter_sets_in_front(film: Film) -> None:
    kinds = [[nal_type(unit) for unit in film.nal_units(i)] for i in range(CYCLE)]
    assert kinds == [[SPS, PPS, IDR] if i % 30 == 0 else [SLICE] for i in range(CYCLE)]


def test_a_film_is_encoded_only_once(tmp_path: Path) -> None:
    plan = Plan(1, 256, 144, frames=30)
    first = load(plan, tmp_path)
    written = [(file, file.stat().st_mtime_ns) for file in tmp_path.iterdir()]
    assert load(plan, tmp_path) == first
    assert [(file, file.stat().st_mtime_ns) for file in tmp_path.iterdir()] == written


def test_a_film_that_does_not_close_is_refused() -> None:
    with pytest.raises(ValueError, match="whole GOPs"):
        Plan(1, frames=100)


def test_the_reader_takes_numbers_and_times_from_an_mp4(film: Film) -> None:
    found = frames_in(a_recording(film, list(range(450, 540))))
    assert walk(found) == (90, 0, 0, 0, 0)
    assert found[-1].pts_s - found[0].pts_s == pytest.approx(89 / 15)


def test_a_removed_gop_is_found_in_an_mp4(film: Film) -> None:
    kept = [*range(30), *range(60, 90)]
    found = frames_in(a_recording(film, kept, beats=kept))
    assert missing_and_repeated(found) == (30, 0)


def test_a_doubled_gop_is_found_in_an_mp4(film: Film) -> None:
    kept = [*range(60), *range(30, 60)]
    found = frames_in(a_recording(film, kept))
    assert walk(found).repeated > 0


def test_one_frame_fewer_is_one_missing() -> None:
    assert missing_and_repeated(seen([0, 1, 3], [0, 1, 3])) == (1, 0)


def test_a_doubled_frame_is_one_repeated() -> None:
    assert missing_and_repeated(seen([0, 1, 1, 2], [0, 1, 1.1, 2])) == (0, 1)


def test_the_end_of_the_cycle_is_no_loss() -> None:
    assert missing_and_repeated(seen([478, 479, 0, 1])) == (0, 0)


def test_the_loss_of_exactly_one_cycle_is_seen_in_the_times() -> None:
    assert missing_and_repeated(seen([10, 11], [0, 1 + CYCLE])) == (CYCLE, 0)


def test_a_late_frame_makes_the_steps_before_and_after_it_uneven() -> None:
    assert walk(seen([10, 11, 12], [0, 1.8, 2])).uneven == 2


def test_a_frame_that_cannot_be_read_is_counted() -> None:
    assert walk([*seen([1]), Seen(None, None, 0.1)]).unreadable == 1


def test_a_timeline_never_drifts_and_its_stamps_are_multiples_of_a_fifteenth() -> None:
    timeline = Timeline(start_s=100.0, start_wall_ms=1_000_000.0, boot_index=30, boot_stamp_us=5_000_000)
    year = 15 * 86_400 * 365
    assert timeline.due_s(year) == 100.0 + 86_400 * 365
    assert timeline.stamp_us(30 + 15 * 7) == 12_000_000
    assert timeline.stamp_us(31) == 5_066_666


def test_sound_and_video_stamps_agree() -> None:
    timeline = Timeline(0.0, 0.0, boot_index=150, boot_stamp_us=0)
    assert timeline.block_stamp_us(blocks_before(180)) == pytest.approx(timeline.stamp_us(180), abs=60_000)


def test_wall_times_and_frame_indexes_are_each_others_reverse() -> None:
    timeline = Timeline(0.0, 1_700_000_000_123.0, 0, 0)
    assert [timeline.index_at_wall(timeline.wall_ms(i) - 1) for i in (0, 1, 479, 10_000)] == [
        0,
        1,
        479,
        10_000,
    ]
