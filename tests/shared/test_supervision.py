"""A supervised task is restarted after trouble, told of, and stopped only when a person must act."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from backsight_shared.errors import NeedsAttention, TryLater
from backsight_shared.supervision import HEALTHY_AFTER, LONGEST_DELAY, delay_after, supervise
from fakes.clock import FakeClock, settle


class CableCut(TryLater):
    """The world is in the way."""


class PasswordWrong(NeedsAttention):
    """A person must act."""


class Patient:
    """A task that does what its script says at each start, and then lives on."""

    def __init__(self, *script: Exception | None) -> None:
        self.script = list(script)
        self.starts = 0
        self.told: list[tuple[str, str | None]] = []

    async def run(self) -> None:
        self.starts += 1
        await asyncio.sleep(0)
        if not self.script:
            await asyncio.Event().wait()
        step = self.script.pop(0)
        if step is not None:
            raise step

    def on_problem(self, name: str, text: str | None) -> None:
        self.told.append((name, text))


@asynccontextmanager
async def supervised(patient: Patient, clock: FakeClock) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.ensure_future(supervise("prune", patient.run, clock, patient.on_problem))
    await settle()
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_task_that_returns_is_finished() -> None:
    patient = Patient(None)
    async with supervised(patient, FakeClock()) as task:
        assert task.done()
        assert patient.told == []


async def test_a_failed_task_is_started_again_after_at_most_a_second() -> None:
    patient, clock = Patient(CableCut("no cable")), FakeClock()
    async with supervised(patient, clock):
        assert patient.starts == 1
        await clock.advance(1)
        assert patient.starts == 2


async def test_each_failure_is_told_in_its_own_words() -> None:
    patient = Patient(CableCut("no cable"))
    async with supervised(patient, FakeClock()):
        assert patient.told == [("prune", "no cable")]


async def test_an_unexpected_failure_is_told_without_its_insides() -> None:
    patient = Patient(KeyError("secret"))
    async with supervised(patient, FakeClock()):
        ((_, text),) = patient.told
        assert text == "something unexpected happened (KeyError); the log says more"


async def test_a_task_that_lives_long_enough_is_well_again() -> None:
    patient, clock = Patient(CableCut("no cable")), FakeClock()
    async with supervised(patient, clock):
        await clock.advance(1 + HEALTHY_AFTER)
        assert patient.told[-1] == ("prune", None)


async def test_a_task_that_does_not_live_long_is_not_called_well() -> None:
    patient, clock = Patient(CableCut("no cable")), FakeClock()
    async with supervised(patient, clock):
        await clock.advance(HEALTHY_AFTER - 1)
        assert patient.told == [("prune", "no cable")]


async def test_failures_are_counted_anew_after_health() -> None:
    clock, starts = FakeClock(), []

    async def well_for_two_minutes_then_fails() -> None:
        starts.append(clock.monotonic())
        await clock.sleep(2 * HEALTHY_AFTER)
        raise CableCut("no cable")

    task = asyncio.ensure_future(supervise("prune", well_for_two_minutes_then_fails, clock, lambda *_: None))
    await clock.advance(20 * 2 * HEALTHY_AFTER)
    task.cancel()
    pauses = [later - earlier - 2 * HEALTHY_AFTER for earlier, later in itertools.pairwise(starts)]
    assert len(pauses) >= 10
    assert max(pauses) <= 1


async def test_what_needs_attention_is_told_and_not_tried_again() -> None:
    patient, clock = Patient(PasswordWrong("the password is wrong")), FakeClock()
    async with supervised(patient, clock) as task:
        assert task.done()
        await clock.advance(1000)
        assert patient.starts == 1
        assert patient.told == [("prune", "the password is wrong")]


async def test_attention_hidden_in_a_group_is_found() -> None:
    group = ExceptionGroup("two", [CableCut("no cable"), ExceptionGroup("in", [PasswordWrong("wrong")])])
    patient = Patient(group)
    async with supervised(patient, FakeClock()) as task:
        assert task.done()
        assert patient.told == [("prune", "wrong")]


async def test_a_group_of_passing_trouble_restarts() -> None:
    patient, clock = Patient(ExceptionGroup("one", [CableCut("no cable")])), FakeClock()
    async with supervised(patient, clock):
        await clock.advance(1)
        assert patient.starts == 2
        assert patient.told == [("prune", "no cable")]


async def test_cancellation_passes() -> None:
    patient = Patient()
    async with supervised(patient, FakeClock()) as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_cancellation_passes_during_the_wait_too() -> None:
    patient = Patient(CableCut("no cable"))
    async with supervised(patient, FakeClock()) as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_task_cancelled_from_inside_is_a_failure_and_starts_again() -> None:
    clock, starts = FakeClock(), []

    async def awaits_something_that_was_cancelled() -> None:
        starts.append(clock.monotonic())
        forgotten: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        forgotten.cancel()
        await forgotten

    task = asyncio.ensure_future(
        supervise("prune", awaits_something_that_was_cancelled, clock, lambda *_: None)
    )
    await clock.advance(1)
    assert len(starts) == 2
    task.cancel()


@pytest.mark.parametrize("failures", [1, 2, 10, 1025, 100_000])
def test_the_delay_is_bounded_however_long_the_outage(failures: int) -> None:
    assert 0.5 <= delay_after(failures) <= LONGEST_DELAY


def test_the_delay_grows() -> None:
    assert max(delay_after(1) for _ in range(50)) <= 1.0
    assert min(delay_after(4) for _ in range(50)) >= 4.0


async def test_expected_trouble_is_logged_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with supervised(Patient(CableCut("no cable")), FakeClock()):
            pass
    (record,) = caplog.records
    assert not record.exc_info
    assert "prune failed, 1 in a row: no cable" in record.getMessage()


async def test_the_watching_ends_with_the_task() -> None:
    before = asyncio.all_tasks()
    runs: list[Callable[[], Awaitable[None]]] = [Patient(None).run]
    await supervise("prune", runs[0], FakeClock(), lambda *_: None)
    assert asyncio.all_tasks() == before
