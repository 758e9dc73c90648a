"""Writes that nobody synced are lost: a hub's lives are recorded, and the power is cut wherever one likes.

One recording gives as many power cuts as there is time for: each takes the first so many records, lays out a
disk as that moment may leave it (faulting/disk.py), lets a hub recover on it, and judges it by what had been
promised.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from faulting.campaign import BASE_MS, CAMERAS, RESERVE_BYTES, SPEED, Say, measures_for
from faulting.checker import HubChecker
from faulting.cuts import Cut, at_each, chosen
from faulting.disk import Disk, NotUnderstood, PowerCut
from faulting.film_source import film_of
from faulting.findings import Findings
from faulting.nursery import Nursery, nursery
from faulting.planning import owner_erasings, windows
from faulting.pulse import Pulse, pulse
from faulting.shims import NoCompiler, built
from faulting.times import Pace, begun_now
from faulting.told import Told
from faulting.write_log import Record, records_in

LIVES = (1, 3)  # of a recording: killed one after the other, the power stays on between them
LIFE_S = (0.3, 1.6)  # real seconds
CUTS = 40  # in one recording
IN_A_ROW = 6  # recordings, each on the disk that the one before left, until one begins with nothing again
PROMISES = ("finished", "erased", "swept", "run")

Spoil = Callable[[list[Record]], list[Record]]


@dataclass
class Losing:
    """One campaign of recordings."""

    folder: Path
    seed: int
    findings: Findings
    pace: Pace
    pulse: Pulse
    recorded: Nursery  # with the library that remembers
    plain: Nursery
    windows: dict[str, list[list[int]]]
    spoil: Spoil
    decoded: dict[tuple[str, int], int] = field(default_factory=dict)
    lives: int = 0

    @property
    def disk(self) -> Path:
        return self.folder / "disk"

    async def one_recording(self, number: int, before: list[str]) -> list[str]:
        """Record, cut the power many times; what had been said by the cut whose disk is left for the next."""
        chance = Random(f"{self.seed} recording {number}")
        start = Disk(self.disk)
        logs = [await self._one_life(number, n, chance) for n in range(chance.randint(*LIVES))]
        records = self.spoil(await asyncio.to_thread(records_in, logs))
        self.findings.add("recordings")
        self.findings.add("records of writes, names and syncs", len(records))
        cuts = chosen(records, PROMISES, CUTS, number * CUTS, chance)
        kept, said, keep_from = self.folder / "kept", before, chance.randrange(CUTS)
        try:
            for place, (cut, lines) in enumerate(at_each(start, records, cuts)):
                is_well = await self._judge(cut, start, [*before, *lines], chance)
                if is_well and cut.is_mild and place >= keep_from and not kept.exists():
                    said = [*before, *lines]
                    PowerCut(start, cut.model, cut.fate, chance).lay_out(kept)
        except NotUnderstood as strange:
            self.findings.breaks("recordings that cannot be repeated", str(strange), f"recording {number}")
        self.begin_on(kept)
        said = said if any(self.disk.iterdir()) else []
        for log in logs:
            log.unlink()
        return said

    def begin_on(self, folder: Path | None) -> None:
        """The next recording begins on this disk, that nobody has recovered; without one, on an empty one."""
        shutil.rmtree(self.disk, ignore_errors=True)
        if folder is not None and folder.exists():
            folder.rename(self.disk)
        else:
            self.disk.mkdir()

    async def _one_life(self, number: int, life: int, chance: Random) -> Path:
        self.lives += 1
        log = self.folder / f"{number}.{life}.writes"
        order = self._order(self.disk / "hub", self.folder / "hub.promises", records=True)
        order["remember"] = {"root": str(self.disk), "log": str(log)}
        born = await self.recorded.bear(order)
        if await born.lives_for(chance.uniform(*LIFE_S)):
            born.kill()
        if (code := await born.ended()) != -9:
            what = f"hub: exit code {code}"
            self.findings.breaks("processes that ended by themselves", what, f"recording {number}")
        return log

    def _order(self, folder: Path, promises: Path, *, records: bool) -> dict[str, object]:
        return {
            "life": self.lives,
            "folder": str(folder),
            "promises": str(promises),
            "pace": asdict(self.pace),
            "cameras": CAMERAS,
            "windows": self.windows,
            "records": records,
            "reserve_bytes": RESERVE_BYTES,
            "die_at": None,
            "owner": owner_erasings(self.seed, self.lives, list(CAMERAS)),
            "boot": "the only boot",
            "booted_s": self.pace.began_s,
        }

    async def _judge(self, cut: Cut, disk: Disk, lines: Sequence[str], chance: Random) -> bool:
        """Lay out the disk, recover, judge; whether all promises are kept."""
        target, plan = self.folder / "cut", f"{cut}"
        shutil.rmtree(target, ignore_errors=True)
        PowerCut(disk, cut.model, cut.fate, chance).lay_out(target)
        born = await self.plain.bear(
            self._order(target / "hub", self.folder / "recovery.promises", records=False)
        )
        if (code := await born.ended()) != 0:
            self.findings.breaks("hubs that do not start after a power cut", f"exit code {code}", plan)
            return False
        told, found = Told(), Findings("lost")
        told.hear(lines)
        self.findings.add(
            "finished segments looked for", sum(p.end_ms is not None for p in told.pieces.values())
        )
        measures = measures_for(self.pace, self.pulse, fragments_promised=False, holes=not cut.is_mild)
        base_ms, hub = self.pace.base_ms, target / "hub"
        checker = HubChecker(hub, CAMERAS, self.windows, base_ms, found, measures, self.decoded)
        await asyncio.to_thread(checker.check, told, plan)
        self.findings.add("power cuts")
        self.findings.add(f"power cuts, {cut.model}, unsynced {cut.fate}")
        for name in ("frames read back", "damaged fragments taken for whole"):
            self.findings.add(name, found.counts[name])
        for broken in found.broken:
            self.findings.breaks(broken.promise, broken.what, broken.plan)
        return found.ok


def as_it_was(records: list[Record]) -> list[Record]:
    """The recording itself."""
    return records


async def run_lost(folder: Path, seed: int, seconds: float, say: Say, spoil: Spoil = as_it_was) -> Findings:
    """Record and cut the power for so long. What `spoil` takes out did not happen: for tests."""
    findings = Findings("lost")
    folder.mkdir(parents=True)
    try:
        library = built("writes", folder)
    except NoCompiler as error:
        findings.skipped = str(error)
        return findings
    for number in CAMERAS.values():
        await asyncio.to_thread(film_of, number)
    environment, log = {"LD_PRELOAD": str(library)}, folder / "hub.log"
    async with nursery("hub", log, environment) as recorded, nursery("hub", log) as plain:
        with pulse(folder / "pulse") as beating:
            pace = begun_now(BASE_MS, SPEED)
            planned = windows(seed, list(CAMERAS), BASE_MS, round((seconds + 300) * 1000 * SPEED))
            losing = Losing(folder, seed, findings, pace, beating, recorded, plain, planned, spoil)
            await _recordings(losing, seconds, say)
    return findings


async def _recordings(losing: Losing, seconds: float, say: Say) -> None:
    loop = asyncio.get_running_loop()
    end, number, said = loop.time() + seconds, 0, list[str]()
    while loop.time() < end:
        if number % IN_A_ROW == 0:
            said = []
            losing.begin_on(None)
        said = await losing.one_recording(number, said)
        say(f"recording {number}: {losing.findings.counts['power cuts']} power cuts so far")
        number += 1
