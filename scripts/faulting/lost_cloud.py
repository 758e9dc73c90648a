"""Writes that nobody synced are lost in the cloud: as faulting/lost.py, for what it called stored.

A hub uploads to a cloud whose writes are recorded. Each recording begins with a new hub and a new cloud, for
a hub that was told *stored* never sends again.
"""

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from faulting.campaign import Campaign, Say, begun_campaign, measures_for
from faulting.cloud_checker import CloudChecker
from faulting.cloud_life import ACCOUNT
from faulting.cuts import Cut, at_each, chosen, next_said
from faulting.disk import Disk, NotUnderstood, PowerCut
from faulting.findings import Findings
from faulting.nursery import Nursery, nursery
from faulting.shims import NoCompiler, built
from faulting.told import Piece, Place, Told
from faulting.write_log import records_in

LIVES = (1, 3)  # of a recording
LIFE_S = (1.0, 2.5)  # real seconds; a new cloud makes its tables first
CUTS = 30
PROMISES = ("stored",)


@dataclass
class LosingCloud:
    """One campaign of recordings."""

    campaign: Campaign  # whose clouds are recorded
    plain: Nursery
    folder: Path
    compared: dict[Place, int] = field(default_factory=dict)

    async def one_recording(self, number: int) -> None:
        """A new hub, a new cloud, some lives of the cloud; then many power cuts."""
        campaign, chance = self.campaign, Random(f"{self.campaign.seed} cloud recording {number}")
        disk = self.folder / "cloud-disk"
        for gone in (disk, campaign.folder / "hub"):
            shutil.rmtree(gone, ignore_errors=True)
        disk.mkdir()
        start = Disk(disk)
        await campaign.hub_life(None)
        logs = [await self._one_life(number, n, disk, chance) for n in range(chance.randint(*LIVES))]
        await campaign.hubs.only()
        ended_ms, records = campaign.pace.now_ms(), await asyncio.to_thread(records_in, logs)
        pieces = campaign.ear_for_cloud.listen().pieces
        campaign.findings.add("recordings of the cloud")
        campaign.findings.add("records of writes, names and syncs", len(records))
        cuts = chosen(records, PROMISES, CUTS, number * CUTS, chance)
        try:
            for cut, lines in at_each(start, records, cuts):
                later = next_said(records, cut)
                until_ms = json.loads(later)["at"] if later else ended_ms
                await self._judge(cut, start, lines, pieces, until_ms, chance)
        except NotUnderstood as strange:
            what = f"recording {number} of the cloud"
            campaign.findings.breaks("recordings that cannot be repeated", str(strange), what)
        for log in logs:
            log.unlink()

    async def _one_life(self, number: int, life: int, disk: Path, chance: Random) -> Path:
        log = self.folder / f"cloud.{number}.{life}.writes"
        remember = {"root": str(disk), "log": str(log)}
        born = await self.campaign.cloud_life(None, folder=disk / "cloud", remember=remember)
        if await born.lives_for(chance.uniform(*LIFE_S)):
            born.kill()
        if (code := await born.ended()) != -9:
            what = f"cloud: exit code {code}"
            self.campaign.findings.breaks("processes that ended by themselves", what, f"recording {number}")
        return log

    async def _judge(
        self,
        cut: Cut,
        disk: Disk,
        lines: Sequence[str],
        pieces: dict[Place, Piece],
        until_ms: int,
        chance: Random,
    ) -> None:
        """`until_ms`: the cut was before that, so that nothing can have expired later."""
        campaign, target, plan = self.campaign, self.folder / "cloud-cut", f"cloud's {cut}"
        shutil.rmtree(target, ignore_errors=True)
        PowerCut(disk, cut.model, cut.fate, chance).lay_out(target)
        order = campaign.cloud_order(None, folder=target / "cloud", serves=False)
        born = await self.plain.bear({**order, "promises": str(self.folder / "recovery.promises")})
        if (code := await born.ended()) != 0:
            campaign.findings.breaks("clouds that do not start after a power cut", f"exit code {code}", plan)
            return
        told, found = Told(), Findings("lost")
        told.hear(lines)
        measures = measures_for(campaign.pace, campaign.pulse)
        checker = CloudChecker(target / "cloud", ACCOUNT, campaign.windows, found, measures, self.compared)
        await asyncio.to_thread(checker.check, told.stored, pieces, until_ms, None, plan)
        campaign.findings.add("power cuts of the cloud")
        campaign.findings.add("stored segments looked for", len(told.stored))
        for broken in found.broken:
            campaign.findings.breaks(broken.promise, broken.what, broken.plan)


async def run_lost_cloud(folder: Path, seed: int, seconds: float, say: Say) -> Findings:
    """Record and cut the power for so long."""
    findings = Findings("lost cloud")
    folder.mkdir(parents=True)
    try:
        library = built("writes", folder)
    except NoCompiler as error:
        findings.skipped = str(error)
        return findings
    environment = {"LD_PRELOAD": str(library)}
    async with (
        begun_campaign(folder / "w", seed, findings, say, seconds, environment) as campaign,
        nursery("cloud", folder / "plain.log") as plain,
    ):
        losing = LosingCloud(campaign, plain, folder)
        loop = asyncio.get_running_loop()
        end, number = loop.time() + seconds, 0
        while loop.time() < end:
            await losing.one_recording(number)
            count = findings.counts["power cuts of the cloud"]
            say(f"recording {number} of the cloud: {count} power cuts so far")
            number += 1
    return findings
