"""Hubs that boot in 1970 again and again, and are killed while what they recorded is dated."""

import asyncio
from pathlib import Path
from random import Random

from faulting.campaign import BASE_MS, Campaign, Say, begun_campaign
from faulting.findings import Findings
from faulting.left import hub_index
from faulting.planning import LONGEST_S, STEPS_OFTEN, Death, Round
from faulting.told import MADE_MS

SHOWN_MS = (5_000, 40_000)  # what a machine without a battery shows when it boots
KNOWN_AFTER_S = (0.1, 1.0)  # real seconds of a life
LIFE_S = (0.2, 2.2)
SETTLE_S = 6.0  # real seconds in which everything must be dated at last
ORDINARY = ("synced", "renamed", "folder synced", "fragment written", "part opened", "segment row", "run row")


async def run_dating(folder: Path, seed: int, seconds: float, say: Say) -> Findings:
    """Boot without the time, learn it, die, for so long."""
    findings = Findings("dating")
    async with begun_campaign(folder, seed, findings, say, seconds) as campaign:
        campaign.boots, campaign.wrong_clock = True, lambda life: _wrong(campaign, life)
        await campaign.cloud_life(None)
        told = await campaign.census()
        steps = sorted(told.steps - set(ORDINARY))
        say(f"steps: {', '.join(steps)}")
        loop = asyncio.get_running_loop()
        end, number = loop.time() + seconds, 0
        while loop.time() < end:
            planned = _round(seed, number, steps)
            say(str(planned))
            await campaign.one_round(planned)
            number += 1
        campaign.wrong_clock = lambda life: None
        await _everything_is_dated(campaign)
    return findings


def _wrong(campaign: Campaign, life: int) -> dict[str, int] | None:
    """Three of four lives begin in 1970, and learn the time after a while, or never."""
    if life == 1:  # goes through every step
        now_ms = campaign.pace.now_ms()
        return {"ahead_ms": SHOWN_MS[0] - now_ms, "until_ms": now_ms + round(1000 * campaign.pace.speed)}
    chance, now_ms = Random(f"{campaign.seed} wrong {life}"), campaign.pace.now_ms()
    if chance.random() < 0.25:
        return None
    known_s = chance.uniform(*KNOWN_AFTER_S) if chance.random() < 0.8 else 600.0
    ahead_ms = chance.randint(*SHOWN_MS) - now_ms
    return {"ahead_ms": ahead_ms, "until_ms": now_ms + round(known_s * 1000 * campaign.pace.speed)}


def _round(seed: int, number: int, steps: list[str]) -> Round:
    chance = Random(f"{seed} dating {number}")
    if number % 3 and steps:
        return Round(number, Death(LONGEST_S, steps[number % len(steps)], chance.randint(1, STEPS_OFTEN)))
    return Round(number, Death(chance.uniform(*LIFE_S)))


async def _everything_is_dated(campaign: Campaign) -> None:
    """A hub that knows the time lives for a while: then nothing is left in 1970."""
    life = await campaign.hub_life(None)
    await asyncio.sleep(SETTLE_S)
    life.stop()
    await life.ended()
    await campaign.recover_and_judge("the end")
    rows = hub_index(campaign.hub_folder / "agent.db").rows
    for camera, start_ms in rows:
        if start_ms < MADE_MS:
            campaign.findings.breaks("segments at the wrong moment", f"{camera}: {start_ms} still", "the end")
    if not any(start_ms > BASE_MS for _, start_ms in rows):
        campaign.findings.breaks("recordings that go on", "nothing is there at the end", "the end")
