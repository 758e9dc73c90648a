"""What is counted as missed never includes the half century between 1970 and now."""

from backsight_agent.domain.anchoring import Undated
from backsight_agent.domain.vitals import Vitals
from backsight_agent.tasks.counting import CountedRecordings
from backsight_shared.segment import Run
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA
from fakes.store import FakeStore


async def test_a_step_of_the_clock_is_no_gap() -> None:
    vitals, store = Vitals().of(CAMERA), FakeStore()
    counted = CountedRecordings(store.recordings, vitals, FakeClock())
    for at_ms, undated in ((60_000, Undated("boot", 0)), (NOON_MS, None), (NOON_MS + 30_000, None)):
        run = Run(CAMERA, at_ms, "clock_jump")
        await counted.begin_run(run, b"init", undated)
        file = await counted.begin_segment(run, 0, at_ms)
        await file.append(b"data")
        await file.finish(at_ms + 10_000)
    assert vitals.gap_ms == {"clock_jump": 20_000}
