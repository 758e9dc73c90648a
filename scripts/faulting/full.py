"""A disk that is full: somebody else's file takes the room at random moments, and gives some of it back.

`python -m faulting.full FOLDER SEED SECONDS DISK` runs in a mount namespace and prints its findings.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from random import Random

from faulting.campaign import CAMERAS, SPEED, Campaign, Say, begun_campaign
from faulting.findings import Findings
from faulting.namespace import run_in_namespace
from faulting.planning import Death
from faulting.small_disk import Kind, NotPermitted, command_inside, mount

DISK_BYTES = 24 * 2**20
LIFE_S = (0.05, 1.5)  # real seconds after the last time that the disk was full
FULL_S = (0.1, 3.0)
PAUSE_S = (0.8, 1.6)  # long enough for the hub to lay down its ballast again
FREE_BYTES = (0, 0, 3_000, 40_000, 250_000, 1_500_000)  # what somebody else may leave us
GOES_ON_S = 4.0  # real seconds: the longest pause between two tries, and a segment


class Hog:
    """Somebody else's file on the same disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def leave(self, free_bytes: int) -> None:
        """Take all but so much."""
        with self._path.open("ab") as file:
            try:
                there = os.statvfs(self._path.parent)
                wanted = file.tell() + there.f_bavail * there.f_frsize - free_bytes
                if wanted < file.tell():
                    os.ftruncate(file.fileno(), max(0, wanted))
                else:
                    os.posix_fallocate(file.fileno(), 0, wanted)
            except OSError:
                pass  # somebody was faster: there is less than that

    def go(self) -> None:
        """Give everything back."""
        self._path.unlink(missing_ok=True)


async def run_inside(folder: Path, seed: int, seconds: float, kind: Kind, say: Say) -> Findings:
    """The campaign, where mounting is allowed."""
    findings = Findings(f"full {kind}")
    async with begun_campaign(folder, seed, findings, say, seconds) as campaign:
        mount(kind, folder / "disk", DISK_BYTES)
        campaign.move_hub(folder / "disk" / "hub")
        await campaign.cloud_life(None)
        loop = asyncio.get_running_loop()
        end, number = loop.time() + seconds, 0
        while loop.time() < end:
            await _one_round(campaign, Hog(folder / "disk" / "somebody-elses"), number)
            number += 1
    return findings


async def _one_round(campaign: Campaign, hog: Hog, number: int) -> None:
    chance = Random(f"{campaign.seed} full {number}")
    fills = [(chance.uniform(*FULL_S), chance.choice(FREE_BYTES)) for _ in range(chance.randint(1, 3))]
    death = Death(chance.uniform(*LIFE_S))
    plan = f"round {number}: full to {[free for _, free in fills]} bytes, dies {death}"
    campaign.say(plan)
    campaign.findings.add("times that the disk was filled", len(fills))
    life = await campaign.hub_life(None)
    for full_s, free in fills:
        await asyncio.sleep(chance.uniform(*PAUSE_S))
        hog.leave(free)
        await asyncio.sleep(full_s)
        hog.go()
    await asyncio.sleep(death.after_s)
    if chance.random() < 0.5:
        await _goes_on(campaign, plan)
    life.kill()
    if (code := await life.ended()) != -9 and not _refused_for_room(campaign, code):
        campaign.findings.breaks("processes that ended by themselves", f"hub: exit code {code}", plan)
    campaign.findings.add("kills")
    await campaign.recover_and_judge(plan)


def _refused_for_room(campaign: Campaign, code: int) -> bool:
    """A hub that begins on a disk without any room may say so and end; it is started again."""
    told = campaign.ear.listen()
    refused = code == 1 and told.lives[-1].opened_at is None
    campaign.findings.add("starts refused for want of room", refused)
    return refused


async def _goes_on(campaign: Campaign, plan: str) -> None:
    """With room again, every camera finishes another segment soon."""
    since_ms = campaign.pace.now_ms()
    deadline = asyncio.get_running_loop().time() + GOES_ON_S + 10_000 / 1000 / SPEED
    missing = set(CAMERAS)
    while missing and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.1)
        told = campaign.ear.listen()
        missing -= {p.place[0] for p in told.pieces.values() if p.finished_at > since_ms}
    campaign.findings.add("times that recording had to go on")
    for camera in missing:
        campaign.findings.breaks("recordings that did not go on with room again", camera, plan)


async def run_full(folder: Path, seed: int, seconds: float, say: Say, kind: Kind) -> Findings:
    """Start the campaign in a namespace of its own, and take over what it found."""
    program = [sys.executable, "-m", "faulting.full", str(folder), str(seed), str(seconds), kind.value]
    try:
        command = await asyncio.to_thread(command_inside, kind, program)
    except NotPermitted as error:
        return Findings(f"full {kind}", skipped=str(error))
    return await run_in_namespace(command, say)


def main() -> None:
    """One JSON object a line: what is being done, and at the end what was found."""
    folder, seed, seconds, kind = sys.argv[1:]

    def say(text: str) -> None:
        print(json.dumps({"say": text}), flush=True)

    found = asyncio.run(run_inside(Path(folder), int(seed), float(seconds), Kind(kind), say))
    print(json.dumps(found.to_json()), flush=True)


if __name__ == "__main__":
    main()
