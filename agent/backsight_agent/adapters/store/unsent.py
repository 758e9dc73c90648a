"""Counts what leaves the history although it was meant for the cloud, and the cloud did not have it."""

# ruff: noqa: S608 - only constants of our own are put into these statements

import sqlite3
from collections.abc import Mapping

from backsight_agent.adapters.store.schema import REFUSED, WAITING, camera_of
from backsight_agent.domain.ledger import Reason
from backsight_agent.domain.upload_order import EVENT_POST_MS, EVENT_PRE_MS
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.event import LONGEST_EVENT_MS
from backsight_shared.wire import EXPIRED

_SHOWS_AN_EVENT = f"""EXISTS (SELECT 1 FROM event WHERE event.camera = segment.camera
    AND event.start_ms > segment.start_ms - {LONGEST_EVENT_MS + EVENT_POST_MS}
    AND event.start_ms < segment.end_ms + {EVENT_PRE_MS}
    AND event.end_ms > segment.start_ms - {EVENT_POST_MS})"""

# The cloud may be the first to say that a segment has expired.
_NOT_THERE = f"(upload = {WAITING} OR upload = {REFUSED} AND refusal = '{EXPIRED}')"

# What the owner erased, or a smaller plan took, is no fault of the link.
_MISSED = f"""
SELECT camera, sum(unsent) FROM erasure INDEXED BY erasure_unsent
WHERE unsent > 0 AND reason IN ('{Reason.EXPIRED}', '{Reason.DISK_FULL}') GROUP BY camera
"""


def mean(db: sqlite3.Connection, camera: int, policy: UploadPolicy | None) -> None:
    """Keep what of a camera is meant for the cloud."""
    if policy is not None:
        db.execute("INSERT OR IGNORE INTO camera (camera) VALUES (?)", (camera,))
    sql = "UPDATE camera SET upload = :policy WHERE camera = :camera AND upload IS NOT :policy"
    db.execute(sql, {"camera": camera, "policy": policy})


def count_unsent(db: sqlite3.Connection, which: str, values: Mapping[str, int | None]) -> int:
    """Among the segments that are about to leave; `which` is FROM and WHERE, and knows `:camera`."""
    meant = db.execute("SELECT upload FROM camera WHERE camera = :camera", values).fetchone()
    if meant is None or meant[0] not in ("all", "events"):
        return 0
    showing = f"AND {_SHOWS_AN_EVENT}" if meant[0] == "events" else ""
    sql = f"SELECT count(*) {which} AND {_NOT_THERE} {showing}"
    return int(db.execute(sql, values).fetchone()[0])


def missed(db: sqlite3.Connection) -> dict[str, int]:
    """By camera: what expired, or had to make room, before the cloud had it."""
    return {camera_of(camera): count for camera, count in db.execute(_MISSED)}
