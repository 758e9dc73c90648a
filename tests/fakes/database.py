"""The cloud's database in memory: real state, real transactions, the same contract as the adapter.

A writing transaction works on a copy that replaces the state when it commits; a reader keeps the state that
it began with.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from backsight_cloud.billing_ports import Happened, Line, Order, Written
from backsight_cloud.domain.documents import Paper
from backsight_cloud.domain.people import Invitation, SecondFactor, Share, Token
from backsight_cloud.domain.records import (
    Account,
    Camera,
    Deleted,
    Erasure,
    Garbage,
    Hub,
    PairingCode,
    Session,
    Unbound,
)
from backsight_cloud.domain.vitals import Town
from backsight_cloud.ports import AlreadyThere, OwnerMissing, Transaction
from backsight_shared.erased import ErasedSpan
from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment
from backsight_shared.window import WindowStep
from fakes.answers import Answer, FakeAnswers
from fakes.billing import CareRow, FakeBillings, FakeBooks, FakeOrders
from fakes.erasures import FakeDeletions, FakeErasing
from fakes.footage import FakeFootage
from fakes.outbox import FakeOutbox, MailRow
from fakes.papers import FakePapers
from fakes.people import FakePeople, FakeSecondFactors, FakeShares, FakeTokens, owner_seen_by


@dataclass(frozen=True, slots=True)
class Publication:
    """What the outbox knows of one hub: it is due while more is wanted than was done."""

    due_ms: int = 0
    wanted: int = 0
    done: int = 0
    claimed: int = 0
    claimed_ms: int = -1
    lease_until_ms: int = 0
    published_ms: int | None = None


@dataclass
class State:
    """Every table, as a dictionary of frozen records by their keys."""

    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    factors: dict[str, SecondFactor] = field(default_factory=dict)
    recovery: dict[str, str] = field(default_factory=dict)
    shares: dict[str, Share] = field(default_factory=dict)
    invitations: dict[str, Invitation] = field(default_factory=dict)
    codes: dict[str, PairingCode] = field(default_factory=dict)
    hubs: dict[str, Hub] = field(default_factory=dict)
    certificates: dict[str, tuple[str, int]] = field(default_factory=dict)
    cameras: dict[str, Camera] = field(default_factory=dict)
    steps: dict[str, tuple[WindowStep, ...]] = field(default_factory=dict)
    runs: dict[tuple[str, int], tuple[str, Run, int]] = field(default_factory=dict)
    segments: dict[tuple[str, int], tuple[str, Segment]] = field(default_factory=dict)
    events: dict[tuple[str, int, str, str], tuple[str, Event]] = field(default_factory=dict)
    placed: dict[str, tuple[str, int]] = field(default_factory=dict)
    garbage: dict[str, Garbage] = field(default_factory=dict)
    deleted: dict[str, Deleted] = field(default_factory=dict)
    erased: dict[str, tuple[ErasedSpan, ...]] = field(default_factory=dict)
    unbound: dict[str, Unbound] = field(default_factory=dict)
    erasures: dict[tuple[str, str, str, int], Erasure] = field(default_factory=dict)
    publications: dict[str, Publication] = field(default_factory=dict)
    cares: dict[str, CareRow] = field(default_factory=dict)
    care_events: dict[tuple[str, int], Happened] = field(default_factory=dict)
    customers: dict[tuple[str, str], str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    order_next: dict[str, int] = field(default_factory=dict)
    ledger_lines: dict[tuple[int, str], Line] = field(default_factory=dict)
    documents: dict[str, Written] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    hook_events: dict[str, int] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    mails: dict[str, MailRow] = field(default_factory=dict)
    unsubscribed: dict[tuple[str, str], int] = field(default_factory=dict)
    papers: dict[str, tuple[str, str, Paper]] = field(default_factory=dict)

    def copy(self) -> "State":
        return State(**{table.name: dict(getattr(self, table.name)) for table in fields(self)})

    def frozen(self) -> "State":
        views: dict[str, Any] = {
            table.name: MappingProxyType(getattr(self, table.name)) for table in fields(self)
        }
        return State(**views)


class FakeDatabase:
    """Implements the port `Database`.

    `fails_with` makes transactions fail on entering; erasing of the `torn` cameras fails; `reads` counts.
    """

    def __init__(self) -> None:
        self.torn: set[str] = set()
        self.reads = 0
        self._state = State()
        self._writing = asyncio.Lock()
        self.fails_with: Exception | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with self._writing:
            self._fail()
            working = self._state.copy()
            yield _transaction(working, self.torn)
            self._state = working

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        self._fail()
        self.reads += 1
        yield _transaction(self._state.frozen(), self.torn)

    def _fail(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with


def _transaction(state: State, torn: set[str]) -> Transaction:
    return Transaction(
        people=FakePeople(state),
        tokens=FakeTokens(state),
        factors=FakeSecondFactors(state),
        shares=FakeShares(state),
        hubs=FakeHubs(state),
        cameras=FakeCameras(state),
        footage=FakeFootage(state, torn),
        events=FakeEvents(state),
        erasing=FakeErasing(state),
        deletions=FakeDeletions(state),
        publications=FakePublications(state),
        outbox=FakeOutbox(state),
        figures=FakeFigures(state),
        billings=FakeBillings(state),
        orders=FakeOrders(state),
        books=FakeBooks(state),
        papers=FakePapers(state),
        answers=FakeAnswers(state),
    )


class FakeEvents:
    def __init__(self, state: State) -> None:
        self._state = state

    async def note(self, account: str, events: Sequence[Event]) -> None:
        for event in events:
            key = (event.camera, event.start_ms, event.kind.value, event.origin.value)
            if event.camera not in self._state.cameras:
                raise OwnerMissing(f"there is no camera {event.camera}")
            owner, before = self._state.events.get(key, (account, event))
            if owner == account:
                end_ms, score = max(before.end_ms, event.end_ms), max(before.score, event.score)
                self._state.events[key] = (account, replace(event, end_ms=end_ms, score=score))

    async def between(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Event]:
        after = from_ms if horizon_ms is None else max(from_ms, horizon_ms)
        found = [
            event
            for owner, event in self._state.events.values()
            if (owner, event.camera) == (owner_seen_by(self._state, viewer, camera), camera)
            and event.start_ms < to_ms
            and event.end_ms > after
        ]
        return sorted(found, key=lambda event: (event.start_ms, event.kind, event.origin))


class FakeHubs:
    def __init__(self, state: State) -> None:
        self._state = state

    async def add_code(self, code: PairingCode) -> None:
        _require(self._state.accounts, code.account)
        _add(self._state.codes, code.code_hash, code)

    async def use_code(self, code_hash: str, now_ms: int) -> str | None:
        code = self._state.codes.get(code_hash)
        if code is None or code.used_ms is not None or code.expires_ms <= now_ms:
            return None
        self._state.codes[code_hash] = replace(code, used_ms=now_ms)
        return code.account

    async def add_hub(self, hub: Hub) -> None:
        _require(self._state.accounts, hub.account)
        _add(self._state.hubs, hub.id, hub)

    async def hub(self, hub_id: str) -> Hub | None:
        return self._state.hubs.get(hub_id)

    async def hubs(self, account: str | None = None) -> Sequence[Hub]:
        chosen = [hub for hub in self._state.hubs.values() if account in (None, hub.account)]
        return sorted(chosen, key=lambda hub: (hub.paired_ms, hub.id))

    async def set_unpaired(self, hub_id: str, now_ms: int) -> None:
        self._change(hub_id, unpaired_ms=now_ms)

    async def next_serial(self, hub_id: str) -> int:
        _require(self._state.hubs, hub_id)
        serial = self._state.hubs[hub_id].serial + 1
        self._change(hub_id, serial=serial)
        return serial

    async def next_serials(self, hub_ids: Sequence[str]) -> dict[str, int]:
        return {hub: await self.next_serial(hub) for hub in hub_ids if hub in self._state.hubs}

    async def set_status(self, hub_id: str, status_json: str, now_ms: int) -> None:
        self._change(hub_id, status_json=status_json, status_ms=now_ms)

    async def add_certificate(self, serial: str, hub_id: str, not_after_ms: int) -> None:
        _require(self._state.hubs, hub_id)
        _add(self._state.certificates, serial, (hub_id, not_after_ms))

    async def certificates(self, hub_id: str) -> Sequence[str]:
        return sorted(serial for serial, (hub, _) in self._state.certificates.items() if hub == hub_id)

    async def revoked(self, now_ms: int) -> Sequence[str]:
        return sorted(
            serial
            for serial, (hub, not_after_ms) in self._state.certificates.items()
            if not_after_ms > now_ms and self._state.hubs[hub].unpaired_ms is not None
        )

    def _change(self, hub_id: str, **changes: Any) -> None:
        if hub := self._state.hubs.get(hub_id):
            self._state.hubs[hub_id] = replace(hub, **changes)


class FakeCameras:
    def __init__(self, state: State) -> None:
        self._state = state

    async def bind(self, camera: Camera, steps: Sequence[WindowStep]) -> None:
        _require(self._state.accounts, camera.account)
        _require(self._state.hubs, camera.hub)
        _add(self._state.cameras, camera.id, camera)
        self._state.unbound.pop(camera.id, None)
        self._state.steps[camera.id] = tuple(sorted(steps))

    async def unbind(self, camera: Camera, now_ms: int) -> None:
        if any(of == camera.id for of, _ in [*self._state.segments, *self._state.runs]):
            raise OwnerMissing(f"{camera.id} still has a history")
        for table in (self._state.steps, self._state.erased, self._state.cameras):
            table.pop(camera.id, None)
        for given in (self._state.shares, self._state.invitations):
            for key in [key for key, to in given.items() if to.camera == camera.id]:
                del given[key]
        self._state.unbound[camera.id] = Unbound(camera.id, camera.account, now_ms)

    async def unbound(self, camera_id: str) -> Unbound | None:
        return self._state.unbound.get(camera_id)

    async def update(self, camera: Camera) -> None:
        before = self._state.cameras.get(camera.id)
        if before is None:
            return
        _require(self._state.hubs, camera.hub)
        self._state.cameras[camera.id] = replace(
            camera, account=before.account, bound_ms=before.bound_ms, reached_ms=before.reached_ms
        )

    async def camera(self, camera_id: str) -> Camera | None:
        return self._state.cameras.get(camera_id)

    async def owned(self, account: str, camera_id: str) -> Camera | None:
        camera = self._state.cameras.get(camera_id)
        return camera if camera is not None and camera.account == account else None

    async def viewed(self, viewer: str, camera_id: str) -> Camera | None:
        return self._state.cameras[camera_id] if owner_seen_by(self._state, viewer, camera_id) else None

    async def all_viewed(self, viewer: str) -> Sequence[Camera]:
        since = {s.camera: s.since_ms for s in self._state.shares.values() if s.viewer == viewer}
        seen = [c for c in await self.all_cameras() if owner_seen_by(self._state, viewer, c.id)]
        return sorted(seen, key=lambda camera: -1 if camera.account == viewer else since[camera.id])

    async def of_account(self, account: str) -> Sequence[Camera]:
        return [camera for camera in await self.all_cameras() if camera.account == account]

    async def of_hub(self, hub_id: str) -> Sequence[Camera]:
        return [camera for camera in await self.all_cameras() if camera.hub == hub_id]

    async def of_hubs(self, hub_ids: Sequence[str]) -> Sequence[Camera]:
        return [camera for camera in await self.all_cameras() if camera.hub in hub_ids]

    async def all_cameras(self) -> Sequence[Camera]:
        return sorted(self._state.cameras.values(), key=lambda camera: (camera.bound_ms, camera.id))

    async def steps(self, camera_id: str) -> tuple[WindowStep, ...]:
        return self._state.steps.get(camera_id, ())

    async def steps_of(self, camera_ids: Sequence[str]) -> dict[str, tuple[WindowStep, ...]]:
        return {
            camera: steps for camera, steps in self._state.steps.items() if camera in camera_ids and steps
        }

    async def all_steps(self) -> dict[str, tuple[WindowStep, ...]]:
        return {camera: steps for camera, steps in self._state.steps.items() if steps}

    async def replace_steps(self, camera_id: str, steps: Sequence[WindowStep]) -> None:
        _require(self._state.cameras, camera_id)
        self._state.steps[camera_id] = tuple(sorted(steps))


class FakeFigures:
    def __init__(self, state: State) -> None:
        self._state = state

    async def town(self) -> Town:
        state = self._state
        paired = {id_: hub for id_, hub in state.hubs.items() if hub.unpaired_ms is None}
        online = {id_ for id_, hub in paired.items() if (json.loads(hub.status_json or "{}")).get("online")}
        due = [p.due_ms for id_, p in state.publications.items() if id_ in paired and p.wanted > p.done]
        return Town(
            hubs=len(paired),
            hubs_online=len(online),
            cameras=len(state.cameras),
            cameras_online=sum(camera.hub in online for camera in state.cameras.values()),
            publications_due=len(due),
            due_since_ms=min(due, default=None),
            database_bytes=1,
        )


class FakePublications:
    def __init__(self, state: State) -> None:
        self._state = state

    async def mark_due(self, hub_id: str, now_ms: int) -> None:
        _require(self._state.hubs, hub_id)
        known = self._state.publications.get(hub_id, Publication())
        due_ms = now_ms if known.wanted == known.done else known.due_ms
        self._state.publications[hub_id] = replace(known, due_ms=due_ms, wanted=known.wanted + 1)

    async def mark_all_due(self, now_ms: int) -> None:
        for hub in self._paired():
            await self.mark_due(hub, now_ms)

    async def mark_due_older_than(self, issued_before_ms: int, now_ms: int) -> None:
        for hub in self._paired():
            known = self._state.publications.get(hub, Publication())
            if known.wanted == known.done and (known.published_ms or 0) < issued_before_ms:
                await self.mark_due(hub, now_ms)

    async def claim(self, limit: int, now_ms: int, lease_ms: int) -> Sequence[str]:
        known, paired = self._state.publications, set(self._paired())
        due = sorted(
            (row.due_ms, hub)
            for hub, row in known.items()
            if row.wanted > row.done and row.lease_until_ms <= now_ms and hub in paired
        )
        claimed = [hub for _, hub in due[:limit]]
        for hub in claimed:
            lease = {"claimed_ms": now_ms, "lease_until_ms": now_ms + lease_ms}
            known[hub] = replace(known[hub], claimed=known[hub].wanted, **lease)
        return claimed

    async def done(self, hub_id: str, claimed_ms: int, now_ms: int) -> None:
        row = self._state.publications.get(hub_id)
        if row is not None and row.claimed_ms == claimed_ms:
            self._state.publications[hub_id] = replace(
                row, done=row.claimed, due_ms=now_ms, claimed_ms=-1, lease_until_ms=0, published_ms=now_ms
            )

    async def all_done(self, hub_ids: Sequence[str], claimed_ms: int, now_ms: int) -> None:
        for hub in hub_ids:
            await self.done(hub, claimed_ms, now_ms)

    def _paired(self) -> list[str]:
        return [hub.id for hub in self._state.hubs.values() if hub.unpaired_ms is None]


def _add(table: dict[str, Any], key: str, record: Any) -> None:
    if key in table:
        raise AlreadyThere(f"{key} exists already")
    table[key] = record


def _require(table: dict[str, Any], key: str) -> None:
    if key not in table:
        raise OwnerMissing(f"{key} does not exist")
