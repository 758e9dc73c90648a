"""The campaign of kills: a hub and a cloud that live in fast time die again and again, judged each time."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from backsight_agent.adapters.keystore import Keystore
from backsight_shared.wire import Pairing
from faulting.checker import LATE_MS, OFF_MS, HubChecker, Measures
from faulting.cloud_checker import CloudChecker
from faulting.cloud_life import ACCOUNT, CLOUD, HUB
from faulting.film_source import film_of
from faulting.findings import Findings
from faulting.nursery import Life, Nursery, nursery
from faulting.planning import Death, Round, cloud_death, hub_round, owner_erasings, windows
from faulting.pulse import Pulse, pulse
from faulting.times import Pace, begun_now
from faulting.told import Ear, Place, Told, reaches_into

SPEED = 25.0  # the campaign's seconds in a second of the machine
BASE_MS = 1_795_521_600_000  # 2026-11-24T12:00:00Z, a multiple of a film's cycle
CAMERAS = {"74fece010203": 1, "74fece010204": 2, "40ae30010205": 3}
RESERVE_BYTES = 1_000_000  # kept free: here the disk is not what is short
STALL_MS = 1_500  # what nobody is late by, in the machine's time
CENSUS_S = 4.0  # real seconds that the first life has to go through every ordinary step
LAST_S = 20.0  # real seconds for the last segments to arrive
ANEW_EVERY = 25  # rounds; then a hub begins with nothing
KILLED = -9

Say = Callable[[str], None]
WrongClock = Callable[[int], dict[str, int] | None]  # of a hub's life by its number


def always_right(life: int) -> None:
    """A clock without trouble."""


@dataclass
class Campaign:
    """What runs, and who judges it."""

    folder: Path
    seed: int
    findings: Findings
    say: Say
    pace: Pace
    pulse: Pulse
    hubs: Nursery
    clouds: Nursery
    port: int
    hub_key: str
    windows: Mapping[str, list[list[int]]]
    wrong_clock: WrongClock = always_right
    boots: bool = False  # whether each life is another boot of the machine
    steps: tuple[str, ...] = ()  # at which hubs die; none: at random instants
    cloud_steps: tuple[str, ...] = ()
    hub_lives: int = 0
    cloud_lives: int = 0
    cloud_up: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        measures = measures_for(self.pace, self.pulse)
        self.move_hub(self.folder / "hub")
        cloud = self.folder / "cloud"
        self.cloud_checker = CloudChecker(cloud, ACCOUNT, self.windows, self.findings, measures)
        self.cloud_ear = Ear(self.folder / "cloud.promises")

    def move_hub(self, folder: Path) -> None:
        """Where the hub lives, before it ever did."""
        self.hub_folder, measures = folder, measures_for(self.pace, self.pulse)
        base_ms, findings = self.pace.base_ms, self.findings
        self.hub_checker = HubChecker(folder, CAMERAS, self.windows, base_ms, findings, measures)
        self.promises = self.folder / f"{folder.name}.promises"
        self.ear = Ear(self.promises)
        self.ear_for_cloud = Ear(self.promises)  # each judge forgets what is settled for it

    # ------------------------------------------------------------ lives

    async def hub_life(self, death: Death | None, *, records: bool = True) -> Life:
        """A hub's life that ends as planned."""
        self.hub_lives += 1
        order = {
            "life": self.hub_lives,
            "folder": str(self.hub_folder),
            "promises": str(self.promises),
            "keys": str(self.folder / "keys"),
            "pace": asdict(self.pace),
            "cameras": CAMERAS,
            "windows": self.windows,
            "records": records,
            "reserve_bytes": RESERVE_BYTES,
            "owner": owner_erasings(self.seed, self.hub_lives, list(CAMERAS)),
            "boot": f"boot {self.hub_lives if self.boots else 0}",
            "booted_s": time.monotonic() if self.boots else self.pace.began_s,
            "wrong": self.wrong_clock(self.hub_lives) if records else None,
            "die_at": death.order if death else None,
        }
        return await self.hubs.bear(order)

    async def cloud_life(
        self, death: Death | None, folder: Path | None = None, remember: Mapping[str, str] | None = None
    ) -> Life:
        """A cloud's life that ends as planned."""
        self.cloud_lives += 1
        order = self.cloud_order(death, folder or self.folder / "cloud", serves=True)
        return await self.clouds.bear({**order, "remember": remember})

    def cloud_order(self, death: Death | None, folder: Path, *, serves: bool) -> dict[str, Any]:
        """What a cloud is told."""
        return {
            "life": self.cloud_lives,
            "folder": str(folder),
            "promises": str(self.folder / "cloud.promises"),
            "pace": asdict(self.pace),
            "windows": self.windows,
            "hub_key": self.hub_key,
            "port": self.port,
            "serves": serves,
            "die_at": death.order if death else None,
        }

    # ------------------------------------------------------------ the hub's deaths

    async def census(self) -> Told:
        """One long life, so that every ordinary step is known by name."""
        life = await self.hub_life(None)
        await self._dies(life, Death(CENSUS_S), "the first life")
        return await self.recover_and_judge("the first life")

    async def one_round(self, planned: Round) -> None:
        """A life, its death, the deaths while recovering, and the judgement."""
        plan = str(planned)
        self.findings.add("kills")
        life = await self.hub_life(planned.death)
        await self._dies(life, planned.death, plan)
        for death in planned.while_recovering:
            self.findings.add("kills")
            self.findings.add("kills while recovering")
            await self._dies(await self.hub_life(death, records=False), death, plan, may_end=True)
        await asyncio.sleep(planned.pause_s)
        await self.recover_and_judge(plan)

    async def _dies(self, life: Life, death: Death, plan: str, *, may_end: bool = False) -> None:
        if await life.lives_for(death.after_s):
            life.kill()
        code = await life.ended()
        if code != KILLED and not (may_end and code == 0):
            self.findings.breaks("processes that ended by themselves", f"hub: exit code {code}", plan)

    async def recover_and_judge(self, plan: str) -> Told:
        life = await self.hub_life(None, records=False)
        if (code := await life.ended()) != 0:
            self.findings.breaks("processes that ended by themselves", f"recovery: exit code {code}", plan)
        told = self.ear.listen()
        await asyncio.to_thread(self.hub_checker.check, told, plan)
        for trouble in told.troubles:
            self.findings.breaks("tasks that failed", trouble, plan)
        return told

    # ------------------------------------------------------------ the cloud's deaths

    async def cloud_forever(self) -> None:
        """The cloud lives and dies by a plan of its own."""
        while True:
            death = cloud_death(self.seed, self.cloud_lives, self.cloud_steps)
            plan = f"cloud's life {self.cloud_lives + 1}: dies {death}"
            life, born_ms = await self.cloud_life(death), self.pace.now_ms()
            self.cloud_up.set()
            if await life.lives_for(death.after_s):
                life.kill()
            code, died_ms = await life.ended(), self.pace.now_ms()
            self.findings.add("kills")
            self.findings.add("kills of the cloud")
            if code != KILLED:
                self.findings.breaks("processes that ended by themselves", f"cloud: exit code {code}", plan)
                await asyncio.sleep(1.0)
            await self._judge_cloud(born_ms, died_ms, plan)

    async def _judge_cloud(self, born_ms: int, died_ms: int, plan: str) -> None:
        told, its_own = self.ear_for_cloud.listen(), self.cloud_ear.listen()
        opened_ms = its_own.lives[-1].opened_at if its_own.lives else None
        if opened_ms is None or opened_ms < born_ms:
            return  # it died before it served
        stored = {place: _end_ms(told, place) for place in told.uploaded}
        check = self.cloud_checker.check
        left = await asyncio.to_thread(check, stored, told.pieces, died_ms, opened_ms, plan)
        told.uploaded -= left
        for place in left:
            told.pieces.pop(place, None)

    # ------------------------------------------------------------ the end

    async def everything_arrives(self) -> None:
        """Without more deaths all that the hub has reaches the cloud; both end when they are told to."""
        cloud = await self.cloud_life(None)
        hub, waited_s = await self.hub_life(None), 0.0
        await asyncio.sleep(2.0)
        while (missing := self._not_uploaded()) and waited_s < LAST_S:
            await asyncio.sleep(0.25)
            waited_s += 0.25
        for place in missing:
            self.findings.breaks("segments that never arrived in the cloud", f"{place}", "the end")
        for name, life in (("hub", hub), ("cloud", cloud)):
            life.stop()
            if (code := await life.ended()) != 0:
                self.findings.breaks(
                    "processes that ended by themselves", f"{name}: exit code {code}", "the end"
                )
        await self.recover_and_judge("the end")

    def _not_uploaded(self) -> list[tuple[str, int]]:
        """Segments of a while ago that nobody said were in the cloud, though their window reaches to them."""
        told, now_ms = self.ear_for_cloud.listen(), self.pace.now_ms()
        return [
            piece.place
            for piece in told.pieces.values()
            if piece.end_ms is not None
            and piece.finished_at < now_ms - 20_000
            and piece.end_ms > now_ms - 25_000
            and piece.place not in told.uploaded
            and not reaches_into(told.asked_spans, *piece.place, piece.end_ms)
        ]


def _end_ms(told: Told, place: Place) -> int:
    """Where a segment ends; its start, of one that was found again with nothing acknowledged."""
    return told.pieces[place].least_end_ms if place in told.pieces else place[1]


def measures_for(
    pace: Pace, beating: Pulse, *, fragments_promised: bool = True, holes: bool = False
) -> Measures:
    """What is too much in a time that runs fast."""

    def held_up_ms(from_ms: int, to_ms: int) -> int:
        held_up_s = beating.held_up_s(pace.machine_s(from_ms), pace.machine_s(to_ms))
        return round(held_up_s * 1000 * pace.speed)

    late_ms = max(LATE_MS, round(STALL_MS * pace.speed))
    return Measures(late_ms, OFF_MS, held_up_ms, fragments_promised, holes)


async def run_kills(
    folder: Path, seed: int, seconds: float, say: Say, *, at_steps: bool, kills: int | None = None
) -> Findings:
    """Kill for so long, or so often; `at_steps` at each named step in turn, else at random instants."""
    findings = Findings("steps" if at_steps else "kill")
    async with begun_campaign(folder, seed, findings, say, seconds) as campaign:
        told = await _begun(campaign)
        recovery_steps = sorted(_of_recovery(told))
        if at_steps:
            campaign.steps = tuple(sorted(told.steps))
            campaign.cloud_steps = tuple(sorted(campaign.cloud_ear.listen().steps))
            say(f"steps: {', '.join(campaign.steps)}; of the cloud: {', '.join(campaign.cloud_steps)}")
        async with asyncio.TaskGroup() as tree:
            cloud = tree.create_task(campaign.cloud_forever())
            await _rounds(campaign, recovery_steps, seconds, kills)
            cloud.cancel()
        await campaign.clouds.only()
        await campaign.everything_arrives()
    return findings


async def _begun(campaign: Campaign) -> Told:
    """A first hub and a first cloud live for a while, so that their steps are known."""
    cloud = await campaign.cloud_life(None)
    told = await campaign.census()
    cloud.kill()
    await cloud.ended()
    return told


async def _rounds(campaign: Campaign, recovery_steps: list[str], seconds: float, kills: int | None) -> None:
    loop = asyncio.get_running_loop()
    end, number = loop.time() + seconds, 0
    while loop.time() < end and (kills is None or campaign.findings.counts["kills"] < kills):
        planned = hub_round(campaign.seed, number, campaign.steps, recovery_steps)
        if number % ANEW_EVERY == 0 or planned.death.step == "identity in database":
            campaign.move_hub(
                campaign.folder / f"hub{number}"
            )  # an empty folder: its first steps are killed at, too
        campaign.say(str(planned))
        await campaign.one_round(planned)
        number += 1


def _of_recovery(told: Told) -> set[str]:
    return {"synced", "renamed", "folder synced", "recovered row", "unlinked", "garbage dropped"} & told.steps


@asynccontextmanager
async def begun_campaign(
    folder: Path,
    seed: int,
    findings: Findings,
    say: Say,
    seconds: float,
    cloud_environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Campaign]:
    """A campaign in a new folder, with nobody living yet."""
    folder.mkdir(parents=True)
    for number in CAMERAS.values():
        await asyncio.to_thread(film_of, number)
    port = _free_port()
    key = _paired(folder / "keys", port)
    hub_log, cloud_log = folder / "hub.log", folder / "cloud.log"
    async with nursery("hub", hub_log) as hubs, nursery("cloud", cloud_log, cloud_environment) as clouds:
        pace = begun_now(BASE_MS, SPEED)
        planned = windows(seed, list(CAMERAS), BASE_MS, round((seconds + 300) * 1000 * SPEED))
        with pulse(folder / "pulse") as beating:
            yield Campaign(folder, seed, findings, say, pace, beating, hubs, clouds, port, key, planned)


def _paired(folder: Path, port: int) -> str:
    """A hub's keystore as pairing leaves it; its public key. There is no broker, so no certificate either."""
    keystore = Keystore(folder)
    folder.mkdir()
    keystore.make_key()
    keystore.save_pairing(
        f"http://127.0.0.1:{port}", Pairing(CLOUD, HUB, "", "", "127.0.0.1", 8883, ()), None
    )
    key = serialization.load_pem_private_key(keystore.private_key_pem(), None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
