"""The hub's own figures for the page of metrics; every name and its meaning: docs/design/health.md."""

from collections.abc import Iterator
from dataclasses import dataclass

from backsight_agent.domain.vitals import CloudVitals, Observed
from backsight_shared.exposition import Family, Kind, many, one

Figures = tuple[tuple[str, Kind, str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Letting:
    """What has left, or should have: by its age, or because a disk is full."""

    success_ms: int | None = None
    failures: int = 0
    files_left: int = 0
    evicted: int = 0
    evicted_bytes: int = 0
    evicted_not_uploaded: int = 0


@dataclass(frozen=True, slots=True)
class HubNow:
    """The hub at the moment of the page."""

    version: str
    now_ms: int
    clock_trusted: bool
    problems: int
    letting: Letting
    observed: Observed | None
    observed_age_s: float | None


@dataclass(frozen=True, slots=True)
class CloudNow:
    """Where a paired hub stands with its cloud."""

    connected: bool
    serial: int
    issued_ms: int | None  # the newest entitlement; None without one
    vitals: CloudVitals


def hub_families(hub: HubNow) -> Iterator[Family]:
    """Clock, disks, what has left, and how fresh all of it is."""
    labels, letting = {"side": "hub", "version": hub.version}, hub.letting
    success_s = _s(letting.success_ms)
    yield many("backsight_info", "gauge", "What runs: always 1", [(labels, 1)])
    disks = hub.observed.disks if hub.observed else ()
    free = [({"folder": disk.folder}, disk.free_bytes) for disk in disks]
    yield many("backsight_disk_free_bytes", "gauge", "Where the history is kept", free)
    total = [({"folder": disk.folder}, disk.total_bytes) for disk in disks]
    yield many("backsight_disk_size_bytes", "gauge", "Of the same", total)
    figures: Figures = (
        ("clock_trusted", "gauge", "1 while deleting may go by the clock", hub.clock_trusted),
        ("problems", "gauge", "What is wrong now, as status tells it", hub.problems),
        ("store_look_age_seconds", "gauge", "Since the store last answered", hub.observed_age_s),
        ("prune_last_success_timestamp_seconds", "gauge", "When last all that expired had gone", success_s),
        ("prune_failures_total", "counter", "Passes over a camera that failed", letting.failures),
        ("prune_files_left", "gauge", "Files that could not be unlinked yet", letting.files_left),
        ("evicted_segments_total", "counter", "Segments that left early, for room", letting.evicted),
        ("evicted_bytes_total", "counter", "Bytes of those segments", letting.evicted_bytes),
        ("evicted_unsent_total", "counter", "Those that the cloud lacked", letting.evicted_not_uploaded),
    )
    yield from (one(f"backsight_{name}", kind, text, value) for name, kind, text, value in figures)


def cloud_families(cloud: CloudNow, hub: HubNow) -> Iterator[Family]:
    """Of a paired hub."""
    until_ms, vitals = hub.observed.certificate_until_ms if hub.observed else None, cloud.vitals
    age_ms = None if cloud.issued_ms is None else hub.now_ms - cloud.issued_ms
    figures: Figures = (
        ("cloud_connected", "gauge", "1 while the broker is connected", cloud.connected),
        ("entitlement_serial", "gauge", "Of the one that is obeyed", cloud.serial),
        ("entitlement_age_seconds", "gauge", "Since the cloud issued it", _s(age_ms)),
        ("certificate_end_timestamp_seconds", "gauge", "The hub's certificate holds until", _s(until_ms)),
        ("upload_stored_bytes_total", "counter", "Bytes that the cloud has stored", vitals.stored_bytes),
    )
    yield from (one(f"backsight_{name}", kind, text, value) for name, kind, text, value in figures)
    answers = [({"answer": answer}, count) for answer, count in vitals.segments.items()]
    yield many("backsight_upload_segments_total", "counter", "Segments, by the cloud's answer", answers)
    calls = [({"call": call, "outcome": outcome}, count) for (call, outcome), count in vitals.calls.items()]
    yield many("backsight_cloud_calls_total", "counter", "Calls of the cloud, by how they ended", calls)


def _s(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
