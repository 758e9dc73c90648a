"""`backsight-agent doctor`: checks the hub from the disk to the cameras, and says of each thing the way out.

In an order that a person can follow: what is mended further up may mend what is below. Nothing is changed,
no login is tried, and nothing leaves the home but for a paired hub's own cloud.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from backsight_agent.adapters.entitled import entitlement_of
from backsight_agent.adapters.keystore import Keystore, KeystoreDamaged, PairedHub
from backsight_agent.adapters.ntp import synchronised
from backsight_agent.adapters.probing.cameras import look_at_cameras
from backsight_agent.adapters.probing.clouds import CloudTime, look_at_cloud
from backsight_agent.adapters.probing.disks import look_at_disk
from backsight_agent.adapters.probing.index import SeenIndex, look_at_index
from backsight_agent.adapters.probing.machine import clock_keepers, has_rtc, look_at_network
from backsight_agent.adapters.store.identity import identity_of, why_absent
from backsight_agent.adapters.store.lock import refuse_missing_disk
from backsight_agent.commands.asking import AgentTrouble, ask_agent
from backsight_agent.commands.printing import as_json, table
from backsight_agent.config import Settings, load
from backsight_agent.config_values import Trust
from backsight_agent.domain.findings import Finding, exit_code, ok, problem, summary
from backsight_agent.domain.holding import FixedWindows, HeldEntitlement, KnowsSteps
from backsight_agent.domain.judging_agent import AgentFacts, judge_agent
from backsight_agent.domain.judging_cameras import judge_camera
from backsight_agent.domain.judging_clock import ClockFacts, judge_clock
from backsight_agent.domain.judging_cloud import CloudFacts, judge_cloud, judge_network
from backsight_agent.domain.judging_disk import USUAL_BYTES_S, DiskFacts, Footprint, judge_disk
from backsight_agent.domain.judging_index import judge_index
from backsight_agent.ports import StoreFailed
from backsight_shared.clock import SystemClock
from backsight_shared.settings import BadSettings
from backsight_shared.signing import BadSignature
from backsight_shared.window import in_force


def main(wanted: argparse.Namespace) -> int:
    """0 when everything works that should, 1 when something does not."""
    try:
        settings = load(wanted.config)
    except BadSettings as error:
        findings = [problem("settings", line) for line in str(error).splitlines()]
    else:
        findings = asyncio.run(_CheckUp(settings).findings())
    _print(findings, json=wanted.json)
    return exit_code(findings)


def _print(findings: list[Finding], *, json: bool) -> None:
    if json:
        told = [{"level": one.level, "subject": one.subject, "text": one.text} for one in findings]
        print(as_json({"findings": told, "ok": not exit_code(findings)}))
        return
    print(table(("", "WHAT", ""), [(one.level, one.subject, one.text) for one in findings]))
    print(f"\n{summary(findings)[:1].upper()}{summary(findings)[1:]}.")


class _CheckUp:
    """One, of one hub. What cannot be looked at is a finding, too."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self._keystore = Keystore(settings.state)
        self._cloud_time = CloudTime(self._clock)
        self._windows: KnowsSteps | None = None  # None: not known
        self._damage = ""  # of the pairing
        self._paired: PairedHub | None = None

    async def findings(self) -> list[Finding]:
        """All of them, in order. What takes long is looked at side by side."""
        many = len(self._settings.cameras)
        first = ok("settings", f"{self._settings.file} is right: {many} camera{'s' if many > 1 else ''}")
        await self._learn_windows()
        status, agent = await asyncio.to_thread(_ask, self._settings)
        seen = await asyncio.to_thread(look_at_index, self._settings.state, self._cameras)
        looks: tuple[Callable[[], Awaitable[Iterable[Finding]]], ...] = (
            lambda: asyncio.to_thread(lambda: list(self._disks(seen))),
            lambda: _those(judge_index(seen.facts)),
            self._cloud_side,
            lambda: self._cameras_side(status),
            lambda: _those(judge_agent(agent, version("backsight"))),
        )
        found = await asyncio.gather(*(look() for look in looks), return_exceptions=True)
        names = ("disk", "index", "cloud", "cameras", "agent")
        return [first, *(one for name, part in zip(names, found, strict=True) for one in _told(name, part))]

    @property
    def _cameras(self) -> list[str]:
        return [camera.camera for camera in self._settings.cameras]

    async def _learn_windows(self) -> None:
        settings = self._settings
        try:
            self._paired = self._keystore.paired()
            if self._paired is not None:
                self._windows = await entitlement_of(self._keystore, self._paired)
            else:
                fixed = self._cameras if settings.window else []
                self._windows = FixedWindows(settings.window.ms if settings.window else 0, fixed)
        except KeystoreDamaged as error:
            self._damage = str(error)
        except BadSignature:
            self._windows = None

    def _disks(self, seen: SeenIndex) -> Iterator[Finding]:
        settings = self._settings
        folders: dict[Path, list[str]] = {settings.state: []}
        for camera in settings.cameras:
            if camera.source is not None:
                folders.setdefault(camera.folder or settings.state, []).append(camera.camera)
        for folder, cameras in folders.items():
            absent = self._why_absent(folder, seen)
            needs = tuple(self._footprint(camera, seen) for camera in cameras)
            reserve = settings.storage.reserve.size_bytes if settings.storage.reserve else None
            facts = DiskFacts(str(folder), absent=absent) if absent else look_at_disk(folder, reserve, needs)
            yield from judge_disk(facts)

    def _why_absent(self, folder: Path, seen: SeenIndex) -> str:
        """A folder that was never written into has nothing to be missed yet."""
        identity = seen.facts.identity
        if folder != self._settings.state:
            known = folder in seen.further_roots or (folder.exists() and identity_of(folder) is not None)
            return (identity and known and why_absent(folder, identity)) or ""
        try:
            refuse_missing_disk(folder, own_disk=self._settings.storage.own_disk)
        except StoreFailed as error:
            return str(error)
        return ""

    def _footprint(self, camera: str, seen: SeenIndex) -> Footprint:
        steps = self._windows.steps(camera) if self._windows else None
        step = in_force(steps or (), self._clock.now_ms())
        window_s = step.window_ms / 1000 if step else None
        measured = seen.cameras.get(camera)
        if measured is None:
            return Footprint(USUAL_BYTES_S, window_s, 0.0, measured=False)
        return Footprint(measured.bytes_s, window_s, measured.kept_s, measured=True)

    async def _cloud_side(self) -> list[Finding]:
        """Clock, network and cloud: the cloud says what time it is."""
        host = urlsplit(self._paired.url).hostname or "" if self._paired else ""
        network = await look_at_network(host)
        cloud = await self._cloud()
        clock = ClockFacts(
            now_ms=self._clock.now_ms(),
            synchronised=synchronised(),
            keepers=clock_keepers(),
            has_rtc=has_rtc(),
            believed=self._settings.trust is Trust.SYSTEM,
            cloud_off_ms=self._cloud_time.off_ms,
        )
        paired = self._paired is not None
        return [*judge_clock(clock), *judge_network(network, paired=paired), *judge_cloud(cloud)]

    async def _cloud(self) -> CloudFacts | None:
        if self._damage:
            return CloudFacts("", "", damage=self._damage)
        if self._paired is None:
            return None
        held = self._windows if isinstance(self._windows, HeldEntitlement) else None
        return await look_at_cloud(self._keystore, self._paired, held, self._cloud_time, self._clock)

    async def _cameras_side(self, status: dict[str, Any] | None) -> list[Finding]:
        seen, now_ms = await look_at_cameras(self._settings, status), self._clock.now_ms()
        return [finding for camera in seen for finding in judge_camera(camera, now_ms)]


async def _those(findings: Iterable[Finding]) -> list[Finding]:
    return list(findings)


def _told(name: str, part: Iterable[Finding] | BaseException) -> Iterable[Finding]:
    """A look that failed in a way that nobody thought of must not hide the others."""
    if isinstance(part, Exception):
        return [problem(name, f"It could not be looked at ({type(part).__name__}): this is a defect of ours")]
    if isinstance(part, BaseException):
        raise part
    return part


def _ask(settings: Settings) -> tuple[dict[str, Any] | None, AgentFacts]:
    """The status of the running agent, and what there is to be said of it."""
    try:
        status: dict[str, Any] | None = ask_agent(settings, "/status")
    except AgentTrouble as error:
        text = str(error)
        return None, AgentFacts(running=True, error=text[:1].upper() + text[1:])
    if status is None:
        return None, AgentFacts(running=False)
    overdue_s = float(status["prune"]["overdue_s"])
    return status, AgentFacts(True, "", str(status["version"]), tuple(status["problems"]), overdue_s)
