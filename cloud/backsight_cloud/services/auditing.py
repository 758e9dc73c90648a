"""Compares the store with the database: objects that nobody knows, and segments whose object is not there."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from backsight_cloud.domain.keys import named, segment_key
from backsight_cloud.domain.records import Camera
from backsight_cloud.ports import Database, Found, Objects
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention
from backsight_shared.segment import Segment

OLD_MS = 3_600_000  # a stranger younger than this may be on its way into the database
PAGE_MS = 2 * 3_600_000  # of footage read at once: some 720 segments
SHOWN = 10  # strangers that are named
FEW = 10  # so many may be settled whatever their share


class NotOurs(NeedsAttention):
    """Store and database do not belong together, by the look of it: nothing is settled on doubt."""


@dataclass
class Findings:
    """What an audit found. `foreign` are objects that are not named as ours: they are left alone."""

    objects: int = 0
    size_bytes: int = 0
    strangers: int = 0
    strangers_bytes: int = 0
    foreign: int = 0
    segments: int = 0
    lost: int = 0
    settled: bool = False
    examples: list[str] = field(default_factory=list)


async def audit(database: Database, objects: Objects, clock: Clock) -> Findings:
    """Look, and change nothing."""
    findings = Findings()
    async for page in objects.walk():
        findings.objects += len(page)
        findings.size_bytes += sum(found.size_bytes for found in page)
        for found in await _unknown(page, database, clock):
            _count(findings, found)
    async for segments, lost in _lost(database, objects):
        findings.segments += segments
        findings.lost += len(lost)
    return findings


async def settle(database: Database, objects: Objects, clock: Clock, findings: Findings) -> None:
    """Strangers become garbage, lost segments a line of the ledger. Raises NotOurs."""
    if _too_many(findings.strangers, findings.objects):
        raise NotOurs("more than half of the objects are unknown: is this the database that belongs to them?")
    if _too_many(findings.lost, findings.segments):
        raise NotOurs("more than half of the segments have no object: is the media folder there?")
    async for page in objects.walk():
        keys = [found.key for found in await _unknown(page, database, clock)]
        ours = [(key, name.camera) for key in keys if (name := named(key)) is not None]
        async with database.begin() as tx:
            await tx.footage.note_placed(ours, 0)  # so long ago that it is garbage at the next pass
    async for _, lost in _lost(database, objects):
        await _forget(lost, database, clock)
    findings.settled = True


def _count(findings: Findings, found: Found) -> None:
    if named(found.key) is None:
        findings.foreign += 1
        return
    findings.strangers += 1
    findings.strangers_bytes += found.size_bytes
    if len(findings.examples) < SHOWN:
        findings.examples.append(found.key)


async def _unknown(page: Sequence[Found], database: Database, clock: Clock) -> list[Found]:
    async with database.read() as tx:
        known = await tx.deletions.known_among([found.key for found in page])
    old_ms = clock.now_ms() - OLD_MS
    return [found for found in page if found.key not in known and found.changed_ms < old_ms]


async def _lost(database: Database, objects: Objects) -> AsyncIterator[tuple[int, list[Segment]]]:
    """Page by page: how many segments, and those of them whose object is not there as it should be."""
    async with database.read() as tx:
        cameras = await tx.cameras.all_cameras()
    for camera in cameras:
        async for page in _pages(camera, database):
            there = await objects.sizes([_key(camera, segment) for segment in page])
            lost = [one for one in page if there.get(_key(camera, one)) != one.size_bytes]
            async with database.read() as tx:  # what has left in the meantime is not lost
                still = await tx.footage.have_segments(lost)
            yield len(page), [one for one in lost if (one.camera, one.start_ms) in still]


async def _pages(camera: Camera, database: Database) -> AsyncIterator[Sequence[Segment]]:
    """Without a transaction in between: an audit takes long. Stretches without footage cost nothing."""
    at_ms = 0
    while True:
        async with database.read() as tx:
            begins_ms = await tx.footage.next_start_ms(camera.id, at_ms)
            if begins_ms is None:
                return
            at_ms = begins_ms + PAGE_MS
            span = (camera.account, camera.id, begins_ms, at_ms, None)
            page = [one for one in await tx.footage.segments(*span) if one.start_ms >= begins_ms]
        yield page


async def _forget(lost: Sequence[Segment], database: Database, clock: Clock) -> None:
    if not lost:
        return
    async with database.begin() as tx:
        camera = await tx.cameras.camera(lost[0].camera)
        if camera is not None:
            await tx.erasing.erase_lost(camera, [one.start_ms for one in lost], clock.now_ms())


def _key(camera: Camera, segment: Segment) -> str:
    return segment_key(camera.account, segment.camera, segment.start_ms)


def _too_many(some: int, of_all: int) -> bool:
    return some > FEW and some * 2 > of_all
