"""Builders for the cloud's tests: accounts, hubs, cameras and footage of two households."""

from collections.abc import Iterable
from dataclasses import replace

from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.ports import Database
from backsight_shared.event import Event, EventKind, Origin
from backsight_shared.segment import Run, Segment
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

ANNA, BERT = "anna", "bert"
HUB, OTHER_HUB = "hub-anna", "hub-bert"
DOOR, YARD, FOREIGN = "74fece010203", "74fece010204", "74fece0a0b0c"


def an_account(account: str = ANNA) -> Account:
    return Account(account, f"{account}@example.org", "argon2-hash", "Europe/Berlin", NOON_MS)


def a_hub(hub: str = HUB, account: str = ANNA) -> Hub:
    return Hub(hub, account, "Attic", "PEM", NOON_MS)


def a_camera(camera: str = DOOR, account: str = ANNA, hub: str = HUB, name: str = "Front door") -> Camera:
    return Camera(camera, account, hub, name, "EC60", "4.0", "2.3.22", "free", "all", NOON_MS)


def a_window(window_ms: int = 12 * HOUR_MS, from_ms: int = 0) -> tuple[WindowStep, ...]:
    return (WindowStep(from_ms, window_ms),)


def a_run(run_ms: int = NOON_MS, camera: str = DOOR, after: str = "start") -> Run:
    return Run(camera, run_ms, after)


def an_event(
    start_s: float = 0, length_s: float = 10, camera: str = DOOR, kind: EventKind = EventKind.MOTION
) -> Event:
    """Seconds from noon."""
    start_ms = NOON_MS + round(start_s * SECOND_MS)
    return Event(camera, start_ms, start_ms + round(length_s * SECOND_MS), kind, Origin.HUB, 50)


def segments_of(
    run: Run, count: int = 3, first: int = 0, seconds: int = 10, size_bytes: int = 100
) -> list[Segment]:
    """Consecutive segments of a run, from the one with the number `first` on."""
    length = seconds * SECOND_MS
    return [
        Segment(run.camera, start, start + length, run.run_ms, number, size_bytes)
        for number in range(first, first + count)
        for start in [run.run_ms + number * length]
    ]


async def move_in(
    database: Database,
    window_ms: int = 12 * HOUR_MS,
    password_hash: str = "argon2-hash",
    hub_key: str = "PEM",
) -> None:
    """Two accounts with a hub each; Anna has a door and a yard, Bert one camera."""
    async with database.begin() as tx:
        for account, hub in ((ANNA, HUB), (BERT, OTHER_HUB)):
            await tx.people.add_account(replace(an_account(account), password_hash=password_hash))
            await tx.hubs.add_hub(replace(a_hub(hub, account), public_key_pem=hub_key))
        steps = a_window(window_ms)
        await tx.cameras.bind(a_camera(), steps)
        await tx.cameras.bind(replace(a_camera(YARD, name="Yard"), bound_ms=NOON_MS + 1), steps)
        await tx.cameras.bind(a_camera(FOREIGN, BERT, OTHER_HUB, "Bert's"), steps)


async def record(database: Database, run: Run, segments: Iterable[Segment], account: str = ANNA) -> None:
    """Index a run and segments of it."""
    async with database.begin() as tx:
        await tx.footage.add_run(account, run, 50)
        await tx.footage.add_segments(account, list(segments))
