"""After a kill -9 at any instant no finished segment is lost, the unfinished one keeps its whole fragments,
nothing that was erased comes back, and rows and files agree again, with no one's help.
"""

import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.boxes import HEADER_BYTES
from backsight_shared.clock import SystemClock
from backsight_shared.segment import Segment
from fakes import dying_recorder
from fakes.dying_recorder import CAMERA, LENGTH_MS
from fakes.fmp4 import film, frames_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
STEPS = 100  # the scenario has fewer; what is beyond its last step lives to its end


@pytest.fixture(scope="module")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    init, fragments = film(3)
    (folder / "init").write_bytes(init)
    for number, fragment in enumerate(fragments):
        (folder / str(number)).write_bytes(fragment)
    return folder


@dataclass
class Promises:
    """What the store had promised when its process died."""

    finished: set[int] = field(default_factory=set)
    written: dict[int, int] = field(default_factory=dict)  # fragments by start_ms
    erasing: int = 0  # a horizon that may have been reached
    erased: int = 0  # one that was
    died_at: str = ""
    ended: bool = False

    def hear(self, output: str) -> None:
        for line in output.splitlines():
            word, _, rest = line.partition(" ")
            numbers = [int(number) for number in rest.split()] if word not in ("dies", "opened") else []
            if word == "finished":
                self.finished.add(numbers[0])
            elif word == "written":
                self.written[numbers[0]] = numbers[1]
            elif word in ("erasing", "erased"):
                setattr(self, word, numbers[0])
            elif word == "dies":
                self.died_at = rest
            self.ended = self.ended or word == "ended"


def record(
    folder: Path, film_folder: Path, step: int, promises: Promises, kill_after_s: float = 60.0
) -> None:
    program = [sys.executable, dying_recorder.__file__, str(folder), str(film_folder), str(step)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        assert process.stdout is not None
        promises.hear(process.stdout.read())


async def check(folder: Path, promises: Promises) -> None:
    """The promises hold, and every row has its file, every file its row."""
    async with open_store(folder, SystemClock()) as store:
        found = {s.start_ms: s for s in await store.history.segments(CAMERA, 0, 2**50, None)}
        for start_ms in promises.finished:
            if start_ms + LENGTH_MS > promises.erasing:
                assert found[start_ms].end_ms == start_ms + LENGTH_MS, promises.died_at
        for start_ms, fragments in promises.written.items():
            if start_ms + LENGTH_MS > promises.erasing:
                await _check_kept(store, found[start_ms], fragments)
        assert all(segment.end_ms > promises.erased for segment in found.values())
        _check_files(folder, list(found.values()))


async def _check_kept(store: Store, segment: Segment, fragments: int) -> None:
    data = await store.history.read_segment(segment)
    whole = HEADER_BYTES + sum(map(len, film(3)[1][:fragments]))
    assert len(data) >= whole
    assert segment.end_ms >= segment.start_ms + fragments * 1000
    init = await store.history.read_init(CAMERA, segment.run_ms)
    assert frames_in(init + data) == (segment.end_ms - segment.start_ms) // 1000 * 15


def _check_files(folder: Path, segments: list[Segment]) -> None:
    camera = folder / "media" / CAMERA
    files = {int(path.stem): path.stat().st_size for path in camera.rglob("*.m4s")}
    assert files == {segment.start_ms: segment.size_bytes for segment in segments}
    assert not list((folder / "media").rglob("*.part"))
    inits = {int(path.stem) for path in camera.glob("runs/*.mp4")}
    assert inits == {segment.run_ms for segment in segments}
    assert (
        not [path for path in camera.rglob("*") if path.is_dir() and not any(path.iterdir())] or not segments
    )


@pytest.mark.parametrize("eighth", range(8))
async def test_death_at_every_step(tmp_path: Path, film_folder: Path, eighth: int) -> None:
    for step in range(1 + eighth, STEPS, 8):
        promises, folder = Promises(), tmp_path / str(step)
        record(folder, film_folder, step, promises)
        await check(folder, promises)
        if promises.ended:
            break


async def test_death_in_the_middle_of_recovery(tmp_path: Path, film_folder: Path) -> None:
    for step in range(20, 60, 7):
        promises, folder = Promises(), tmp_path / str(step)
        for at in (step, 1, 2, 3):
            record(folder, film_folder, at, promises)
        await check(folder, promises)


async def test_death_at_random_instants_again_and_again(tmp_path: Path, film_folder: Path) -> None:
    chance, promises = random.Random(1), Promises()
    started = time.monotonic()
    while time.monotonic() - started < 8:
        record(tmp_path, film_folder, 0, promises, kill_after_s=0.1 + chance.random() * 0.4)
        await check(tmp_path, promises)


async def test_the_scenario_has_no_more_steps_than_are_tried(tmp_path: Path, film_folder: Path) -> None:
    promises = Promises()
    record(tmp_path, film_folder, STEPS - 8, promises)
    assert promises.ended
