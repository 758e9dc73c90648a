"""A hub whose clock is unset, set, set back and slewed: nothing is deleted in doubt, and once the time is
known everything is dated right, whenever it was recorded.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from faulting.campaign import Say
from faulting.findings import Findings
from faulting.house import House, HousePlan, house
from faulting.moments import DATED_S, Moments
from faulting.net import bound, watched
from faulting.proving import everything_arrives
from faulting.proxy import FAIR, REFUSING
from faulting.shims import NoCompiler, built
from faulting.wrong_clock import WrongClock
from stage.lookout import now_ms

WINDOW = "150s"  # short, so that a hub which believed a wrong clock would delete at once
RECORD_S = 14.0  # seconds: a segment of each camera, and some
YEAR_S = 365.25 * 86_400
BORN_S = 5.0  # seconds since 1970 that a machine without a battery shows when it boots


@dataclass
class Trial:
    """One house, one clock, and what is watched."""

    home: House
    clock: WrongClock
    moments: Moments
    findings: Findings
    say: Say

    def begins(self, what: str) -> None:
        """Say what is tried now."""
        self.moments.plan = what
        self.findings.add("trials with the clock")
        self.say(what)

    async def cloud(self, *, reachable: bool) -> None:
        """Whether the hub can ask what time it is."""
        for wire in (self.home.https, self.home.broker):
            await wire.turn(FAIR if reachable else REFUSING)

    def goes_right(self) -> None:
        """Set the clock right."""
        self.clock.set(0.0)
        self.moments.goes_right()

    async def knows_again(self) -> None:
        """The clock is right, the cloud says so: everything is dated right soon, and deleting goes on."""
        await asyncio.sleep(RECORD_S)  # what was being recorded is finished and listed by then
        for _ in range(round(DATED_S - RECORD_S)):
            if not self.moments.wrongly_dated():
                break
            await asyncio.sleep(1.0)
        for shown in self.moments.wrongly_dated():
            what = (
                f"{shown.camera}: taken at {shown.taken_ms:.0f}, dated {shown.dates}: {shown.off_ms:+.0f} ms"
            )
            self.findings.breaks("segments at the wrong moment", what, self.moments.plan)
        self.moments.known_since_ms, self.moments.off_ms = now_ms(), 0
        self.moments.around_ms.clear()


async def booted_in_1970(trial: Trial, chance: Random) -> None:
    """No battery, no network: the hub records in 1970, until the time is known."""
    trial.begins("boots in 1970, without the cloud; then NTP sets the clock and the cloud is there")
    await _killed(trial)
    await trial.cloud(reachable=False)
    trial.clock.boot()
    trial.clock.set_to(BORN_S)
    trial.moments.goes_wrong(trial.clock.ahead_s)
    await trial.home.start_hub()
    await trial.home.everything_records()
    await asyncio.sleep(RECORD_S)
    trial.goes_right()
    await trial.cloud(reachable=True)
    await trial.knows_again()


async def killed_while_dating(trial: Trial, chance: Random) -> None:
    """As before, and killed at random instants while what was recorded is dated anew."""
    trial.begins("boots in 1970, and is killed while it dates anew")
    await _killed(trial)
    await trial.cloud(reachable=False)
    trial.clock.boot()
    trial.clock.set_to(BORN_S)
    trial.moments.goes_wrong(trial.clock.ahead_s)
    await trial.home.start_hub()
    await trial.home.everything_records()
    await asyncio.sleep(RECORD_S)
    trial.goes_right()
    await trial.cloud(reachable=True)
    for _ in range(2):
        await asyncio.sleep(chance.uniform(0.5, 12.0))
        await _killed(trial)
        await trial.home.start_hub()
    await trial.knows_again()


async def stepped(trial: Trial, ahead_s: float) -> None:
    """The clock jumps, and some seconds later it is right again."""
    trial.begins(f"the clock is stepped by {ahead_s:+.0f} s, and set right {RECORD_S:.0f} s later")
    trial.clock.set(ahead_s)
    trial.moments.goes_wrong(trial.clock.ahead_s)
    await asyncio.sleep(RECORD_S)
    trial.goes_right()
    await trial.knows_again()


async def slewed(trial: Trial, chance: Random) -> None:
    """A leap second that is smeared, a crystal that runs off: no run ends for it."""
    trial.begins("the clock runs 500 ppm too fast")
    before = trial.findings.counts["segments seen on the hub"]
    trial.clock.set(0.0, ppm=500)
    await asyncio.sleep(2 * RECORD_S)
    trial.clock.set(0.0)
    if trial.findings.counts["segments seen on the hub"] == before:
        trial.findings.breaks("recordings that go on", "nothing was finished meanwhile", trial.moments.plan)


async def moved_zone(trial: Trial, chance: Random) -> None:
    """Another zone, and daylight saving: the history is in UTC."""
    trial.begins("the hub's zone is changed to Asia/Kolkata, then to America/New_York")
    for zone in ("Asia/Kolkata", "America/New_York"):
        await _killed(trial)
        await trial.home.start_hub(TZ=zone)
        await trial.home.everything_records()
        await asyncio.sleep(RECORD_S)
    await trial.knows_again()


async def _killed(trial: Trial) -> None:
    await trial.home.hub.kill()
    trial.findings.add("kills")


def _step(ahead_s: float) -> Callable[[Trial, Random], Awaitable[None]]:
    return lambda trial, chance: stepped(trial, ahead_s)


TRIALS: tuple[Callable[[Trial, Random], Awaitable[None]], ...] = (
    booted_in_1970,
    _step(3_600.0),
    killed_while_dating,
    _step(-3_600.0),
    slewed,
    _step(2 * YEAR_S),
    moved_zone,
    _step(-2 * YEAR_S),
    _step(-90.0),
    _step(90.0),
    _step(1.5),
)


async def run_clock(folder: Path, seed: int, seconds: float, say: Say, trials: int = len(TRIALS)) -> Findings:
    """The trials in turn, for so long; at least one."""
    findings = Findings("clock")
    folder.mkdir(parents=True)
    try:
        library = await asyncio.to_thread(built, "clock", folder)
    except NoCompiler as error:
        findings.skipped = str(error)
        return findings
    clock, chance = WrongClock(folder / "clock", library), Random(f"{seed} clock")
    async with house(HousePlan(folder / "house", window=WINDOW, clock=clock)) as home:
        await home.start_hub()
        await home.everything_records()
        schedules = {camera: await home.street.frames(camera) for camera in home.cameras}
        trial = Trial(home, clock, Moments(home, await bound(home), schedules, findings), findings, say)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        end = loop.time() + seconds
        async with asyncio.TaskGroup() as tree:
            tree.create_task(trial.moments.watch(stop))
            await asyncio.sleep(RECORD_S)
            for number, one in enumerate(TRIALS[:trials]):
                if number and loop.time() > end:
                    break
                await one(trial, chance)
            stop.set()
        await everything_arrives(await watched(home, findings, lambda: "the end"), findings, "the end")
    return findings
