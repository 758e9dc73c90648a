"""Death at any step of dating loses no byte of video, doubles none; rows, names and headers agree."""

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.anchoring import MOST_NUDGES, Undated, places
from backsight_agent.domain.boxes import HEADER_BYTES, parse_header
from backsight_shared.segment import Run, Segment
from fakes import dying_dater
from fakes.clock import NOON_MS, FakeClock
from fakes.fmp4 import film
from fakes.footage_of_hub import CAMERA, film_run

HERE, EARLIER = "here", "earlier"
FILM_S = 80
LENGTH_MS = 1_000


class Died(BaseException):
    """Nothing that catches errors catches this."""


@dataclass
class Steps:
    """From this step on nothing is done any more."""

    die_at: int = 0
    count: int = 0
    died_at: str = ""

    def __call__(self, step: str) -> None:
        self.count += 1
        if self.die_at and self.count >= self.die_at:
            self.died_at = self.died_at or step
            raise Died


@dataclass
class Life:
    """A store on disk with some history, and an undated run of so many seconds that is to be moved so far."""

    folder: Path
    seconds: int
    shift_ms: int
    boot: str = HERE
    at_ms: int = NOON_MS
    in_the_way_ms: tuple[int, ...] = ()  # where there is a segment already, seen from the new run's begin
    died_at: str = ""
    bodies: dict[int, bytes] = field(default_factory=dict)  # of the undated run, by sequence
    others: dict[int, bytes] = field(default_factory=dict)  # of the rest, by start

    async def record(self) -> None:
        init, fragments = film(FILM_S)
        async with open_store(self.folder, FakeClock()) as store:
            for begin_ms in self.in_the_way_ms:
                await film_run(store, 1, self.at_ms + self.shift_ms + begin_ms)
            await film_run(store, 2, NOON_MS - 10_000_000)
            self.others = {s.start_ms: await _body(store, s) for s in await everything(store)}
            run = Run(CAMERA, self.at_ms)
            await store.recordings.begin_run(run, init, Undated(self.boot, 0))
            for number, fragment in enumerate(fragments[: self.seconds]):
                start_ms = self.at_ms + number * LENGTH_MS
                file = await store.recordings.begin_segment(run, number, start_ms)
                await file.append(fragment)
                segment = await file.finish(start_ms + LENGTH_MS)
                self.bodies[number] = await _body(store, segment)

    async def date(self, steps: Steps) -> None:
        """A process that opens the store and dates; it may die on the way."""
        try:
            async with open_store(self.folder, FakeClock(), steps) as store:
                known_ms = self.shift_ms if self.boot == HERE else self.at_ms + self.shift_ms + 200_000
                await store.undated.decide(places(await store.undated.boots(), HERE, known_ms), {})
                while await store.undated.move_next():
                    pass
        except Died:
            self.died_at = steps.died_at

    async def check(self, *, dated: bool) -> list[Segment]:
        """What must be true after any death, and, when it is `dated`, at the end; the run's segments."""
        async with open_store(self.folder, FakeClock()) as store:
            segments = await everything(store)
            assert len({segment.start_ms for segment in segments}) == len(segments)
            rest = [s for s in segments if self.others.get(s.start_ms) == await _body(store, s)]
            assert {segment.start_ms for segment in rest} == set(self.others), self.died_at
            ours = [segment for segment in segments if segment not in rest]
            assert {one.sequence: await _body(store, one) for one in ours} == self.bodies, self.died_at
            assert len(ours) == self.seconds
            for segment in segments:
                await _check_header(store, segment)
            self._check_files(segments)
            assert (await store.undated.count() == 0) is dated or not dated
        return sorted(ours, key=lambda one: one.sequence)

    def _check_files(self, segments: list[Segment]) -> None:
        camera = self.folder / "media" / CAMERA
        files = {int(path.stem): path.stat().st_size for path in camera.rglob("*.m4s")}
        assert files == {segment.start_ms: segment.size_bytes for segment in segments}, self.died_at
        assert {int(path.stem) for path in camera.glob("runs/*.mp4")} >= {s.run_ms for s in segments}
        assert not list(camera.rglob("*.part"))


async def _body(store: Store, segment: Segment) -> bytes:
    return (await store.history.read_segment(segment))[HEADER_BYTES:]


async def _check_header(store: Store, segment: Segment) -> None:
    header = parse_header(await store.history.read_segment(segment))
    assert header is not None
    assert (header.start_ms, header.run_ms) == (segment.start_ms, segment.run_ms)
    assert header.sequence == segment.sequence
    assert await store.history.read_init(CAMERA, segment.run_ms)


async def everything(store: Store) -> list[Segment]:
    return list(await store.history.segments(CAMERA, 0, 2**50, None))


async def check_end(life: Life) -> None:
    """All is dated, in order, and as far from each other as it was recorded."""
    ours = await life.check(dated=True)
    starts = [segment.start_ms for segment in ours]
    assert [start - starts[0] for start in starts] == [number * LENGTH_MS for number in range(life.seconds)]
    if life.boot == HERE:
        assert 0 <= starts[0] - life.at_ms - life.shift_ms < MOST_NUDGES
    async with open_store(life.folder, FakeClock()) as store:
        assert await store.undated.count() == 0
        assert len(await store.backlog.oldest(CAMERA, 1000)) == life.seconds + len(life.others)


SCENES = {
    "from 1970": {"seconds": 4, "at_ms": 60_000, "shift_ms": NOON_MS},
    "a little later": {"seconds": 6, "shift_ms": 3_000},
    "a little earlier": {"seconds": 6, "shift_ms": -3_000},
    "over what is there": {"seconds": 4, "shift_ms": 500_000, "in_the_way_ms": (0, 2_000)},
    "an earlier boot": {"seconds": 4, "at_ms": 60_000, "shift_ms": NOON_MS, "boot": EARLIER},
}


@pytest.mark.parametrize("scene", SCENES)
async def test_death_at_every_step(tmp_path: Path, scene: str) -> None:
    for step in range(1, 100):
        life = Life(tmp_path / str(step), **SCENES[scene])  # type: ignore[arg-type]
        await life.record()
        steps = Steps(die_at=step)
        await life.date(steps)
        if not steps.died_at:
            assert step > 2 * life.seconds
            return
        await life.check(dated=False)
        await life.date(Steps())
        await check_end(life)
    pytest.fail("it has more steps than are tried")


@settings(max_examples=40)
@given(
    seconds=st.integers(1, FILM_S),
    shift_ms=st.integers(-100, 100).map(lambda s: s * 1_000) | st.integers(-(10**6), 10**9),
    deaths=st.lists(st.integers(1, 2 * FILM_S + 20), max_size=5),
    in_the_way=st.lists(st.integers(0, 200).map(lambda s: s * 1_000), max_size=4, unique=True),
)
async def test_death_at_any_steps_again_and_again(
    seconds: int, shift_ms: int, deaths: list[int], in_the_way: list[int]
) -> None:
    beyond = [NOON_MS + shift_ms + ms for ms in in_the_way]  # none within the run as it is recorded
    clear = all(not NOON_MS - 10_000 <= ms <= NOON_MS + 100_000 for ms in beyond)
    if abs(shift_ms) <= 2_000 or not clear:
        return
    apart = [ms for ms in in_the_way if ms % 3_000 == 0]
    with TemporaryDirectory() as folder:
        life = Life(Path(folder), seconds, shift_ms, in_the_way_ms=tuple(apart))
        await life.record()
        for step in deaths:
            await life.date(Steps(die_at=step))
            await life.check(dated=False)
        await life.date(Steps())
        await check_end(life)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", ["from 1970", "a little later"])
async def test_death_by_sigkill_at_every_step(tmp_path: Path, scene: str) -> None:
    for step in range(1, 100):
        life = Life(tmp_path / str(step), **SCENES[scene])  # type: ignore[arg-type]
        await life.record()
        program = [sys.executable, dying_dater.__file__, str(life.folder), str(life.shift_ms), str(step)]
        died = subprocess.run(program, capture_output=True, text=True, check=False)
        life.died_at = died.stdout
        if died.returncode == 0:
            await check_end(life)
            return
        assert died.returncode == -signal.SIGKILL, died.stderr
        await life.check(dated=False)
        await life.date(Steps())
        await check_end(life)
    pytest.fail("it has more steps than are tried")
