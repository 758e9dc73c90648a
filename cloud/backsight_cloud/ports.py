"""What the cloud's services need from the outside, as narrow protocols; real adapters in `adapters/`.

The database is one port with a transaction; what a transaction offers is grouped by subject.
Every question about a camera's history takes the account as part of the query, never as a check before it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from backsight_cloud.answer_ports import Answers
from backsight_cloud.billing_ports import Billings, Books, Orders
from backsight_cloud.document_ports import Papers
from backsight_cloud.domain.ledger import Place
from backsight_cloud.domain.looking import Part
from backsight_cloud.domain.records import (
    Camera,
    Erasure,
    Garbage,
    Hub,
    PairingCode,
    Unbound,
)
from backsight_cloud.erasure_ports import Deletions, Erasing
from backsight_cloud.figure_ports import Figures
from backsight_cloud.mail_ports import Outbox
from backsight_cloud.people_ports import People, SecondFactors, Shares, Tokens
from backsight_shared.errors import NeedsAttention, TryLater
from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment
from backsight_shared.window import WindowStep

# ---------------------------------------------------------------- database


class DatabaseUnavailable(TryLater):
    """The database does not answer."""


class AlreadyThere(NeedsAttention):
    """Something with this identity exists already."""


class OwnerMissing(NeedsAttention):
    """What this would belong to does not exist."""


class Hubs(Protocol):
    """Hubs, their certificates, and the codes that pair them."""

    async def add_code(self, code: PairingCode) -> None: ...
    async def use_code(self, code_hash: str, now_ms: int) -> str | None:
        """Mark a code as used and give its account; None when there is none, or it was used or is too old."""
        ...

    async def add_hub(self, hub: Hub) -> None: ...
    async def hub(self, hub_id: str) -> Hub | None: ...
    async def hubs(self, account: str | None = None) -> Sequence[Hub]: ...
    async def set_unpaired(self, hub_id: str, now_ms: int) -> None: ...
    async def next_serial(self, hub_id: str) -> int:
        """Count the hub's document serial up and give it."""
        ...

    async def next_serials(self, hub_ids: Sequence[str]) -> dict[str, int]:
        """The same for many hubs in one step; a hub that does not exist is left out."""
        ...

    async def set_status(self, hub_id: str, status_json: str, now_ms: int) -> None: ...
    async def add_certificate(self, serial: str, hub_id: str, not_after_ms: int) -> None: ...
    async def certificates(self, hub_id: str) -> Sequence[str]:
        """Serial numbers of a hub's certificates that have not ended."""
        ...

    async def revoked(self, now_ms: int) -> Sequence[str]:
        """Serial numbers of unpaired hubs' certificates that have not ended."""
        ...


class Cameras(Protocol):
    """Cameras and what they are entitled to."""

    async def bind(self, camera: Camera, steps: Sequence[WindowStep]) -> None:
        """A camera that had left an account before has not any more."""
        ...

    async def unbind(self, camera: Camera, now_ms: int) -> None:
        """The camera is no account's any more. Its history must have been erased before."""
        ...

    async def unbound(self, camera_id: str) -> Unbound | None:
        """The account that a camera left, unless it was bound again."""
        ...

    async def update(self, camera: Camera) -> None:
        """Change name, model, hardware, firmware, hub, plan or upload policy."""
        ...

    async def camera(self, camera_id: str) -> Camera | None:
        """For the service itself; owners' requests use `owned`."""
        ...

    async def owned(self, account: str, camera_id: str) -> Camera | None: ...
    async def viewed(self, viewer: str, camera_id: str) -> Camera | None:
        """The viewer's own, or one that its owner shares with them; no operator views any."""
        ...

    async def all_viewed(self, viewer: str) -> Sequence[Camera]:
        """Their own in the order in which they were bound, then others' in that of their shares."""
        ...

    async def of_account(self, account: str) -> Sequence[Camera]:
        """In the order in which they were bound."""
        ...

    async def of_hub(self, hub_id: str) -> Sequence[Camera]: ...
    async def of_hubs(self, hub_ids: Sequence[str]) -> Sequence[Camera]: ...
    async def all_cameras(self) -> Sequence[Camera]: ...
    async def steps(self, camera_id: str) -> tuple[WindowStep, ...]: ...
    async def steps_of(self, camera_ids: Sequence[str]) -> dict[str, tuple[WindowStep, ...]]:
        """Of these cameras; one without steps is left out."""
        ...

    async def all_steps(self) -> dict[str, tuple[WindowStep, ...]]: ...
    async def replace_steps(self, camera_id: str, steps: Sequence[WindowStep]) -> None: ...


class Footage(Protocol):
    """Runs, segments, and what is to be deleted of them.

    A `viewer` is the camera's owner, or an account that the owner shares it with: each query says so itself.
    """

    async def add_run(self, account: str, run: Run, init_bytes: int) -> bool:
        """False when it was there already."""
        ...

    async def add_segments(self, account: str, segments: Sequence[Segment]) -> None:
        """Idempotent by (camera, start)."""
        ...

    async def have_runs(self, runs: Sequence[Run]) -> set[tuple[str, int]]: ...
    async def have_segments(self, segments: Sequence[Segment]) -> set[tuple[str, int]]: ...
    async def segments(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Segment]:
        """That overlap the span and end after the horizon, in order of start."""
        ...

    async def parts(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Part]:
        """The same segments as their unbroken parts, in order: short also for a month."""
        ...

    async def runs(self, viewer: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Run]:
        """That overlap the span, in order."""
        ...

    async def segment(self, viewer: str, camera: str, start_ms: int) -> Segment | None: ...
    async def span(self, viewer: str, camera: str, horizon_ms: int | None) -> tuple[int, int] | None: ...
    async def oldest_end_ms(self, camera: str) -> int | None: ...
    async def next_start_ms(self, camera: str, from_ms: int) -> int | None:
        """The first start at or after that moment."""
        ...

    async def oldest_ends(self) -> dict[str, int]:
        """The smallest segment end of every camera that has segments."""
        ...

    async def erase_until(self, camera: Camera, horizon_ms: int, reason: str, now_ms: int) -> Erasure | None:
        """Move what ended by the horizon to the garbage, note it in the ledger, remember the horizon."""
        ...

    async def note_placed(self, keys: Sequence[tuple[str, str]], now_ms: int) -> None:
        """(object key, camera) that a hub was told to put: garbage unless committed; no deletion any more."""
        ...

    async def forget_placed(self, keys: Sequence[str]) -> set[str]:
        """Those of them that were still noted; the others were committed, discarded or never placed."""
        ...

    async def discard_placed_before(self, moment_ms: int, now_ms: int) -> int:
        """Objects that were put and never committed become garbage."""
        ...

    async def garbage(self, limit: int, after_key: str = "") -> Sequence[Garbage]:
        """In order of key, from behind `after_key`: what cannot be deleted must not hold up the rest."""
        ...

    async def garbage_among(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that are garbage: nothing may be put there until they are gone."""
        ...

    async def placed_among(self, keys: Sequence[str]) -> set[str]: ...
    async def forget_garbage(self, keys: Sequence[str]) -> None: ...
    async def erasures(
        self,
        account: str,
        camera: str | None,
        limit: int,
        *,
        after: Place | None = None,
        span: tuple[int, int] | None = None,
    ) -> Sequence[Erasure]:
        """The ledger, newest first, from behind a place; of lines whose footage overlaps the span."""
        ...


class Events(Protocol):
    """What was noticed at the cameras; it leaves with the history (`Footage.erase_until`)."""

    async def note(self, account: str, events: Sequence[Event]) -> None:
        """Keep events, or renew those of the same identity: never shorter, never less sure."""
        ...

    async def between(
        self, viewer: str, camera: str, from_ms: int, to_ms: int, horizon_ms: int | None
    ) -> Sequence[Event]:
        """Events that overlap the span and end after the horizon, in order of start."""
        ...


class Publications(Protocol):
    """The outbox of entitlements: which hubs need a new document."""

    async def mark_due(self, hub_id: str, now_ms: int) -> None: ...
    async def mark_all_due(self, now_ms: int) -> None: ...
    async def mark_due_older_than(self, issued_before_ms: int, now_ms: int) -> None:
        """Hubs whose newest document was published before that moment (the daily renewal)."""
        ...

    async def claim(self, limit: int, now_ms: int, lease_ms: int) -> Sequence[str]:
        """Hubs that are due, claimed for this worker until the lease ends."""
        ...

    async def done(self, hub_id: str, claimed_ms: int, now_ms: int) -> None:
        """Published; a hub that became due again after the claim stays due."""
        ...

    async def all_done(self, hub_ids: Sequence[str], claimed_ms: int, now_ms: int) -> None:
        """`done` for many hubs in one step."""
        ...


@dataclass(frozen=True, slots=True)
class Transaction:
    """What can be done inside one transaction."""

    people: People
    tokens: Tokens
    factors: SecondFactors
    shares: Shares
    hubs: Hubs
    cameras: Cameras
    footage: Footage
    events: Events
    erasing: Erasing
    deletions: Deletions
    publications: Publications
    outbox: Outbox
    figures: Figures
    answers: Answers
    billings: Billings
    orders: Orders
    books: Books
    papers: Papers


class Database(Protocol):
    """The truth."""

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """A writing transaction; commits on leaving, rolls back on an error."""
        ...

    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """A consistent view; nothing may be written."""
        ...


# ---------------------------------------------------------------- objects


class ObjectMissing(TryLater):
    """No object of that name."""


class ObjectsUnavailable(TryLater):
    """The media cannot be written, read or deleted: the disk is full, or does not answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object as the store lists it."""

    key: str
    size_bytes: int
    changed_ms: int


class Objects(Protocol):
    """Media, as opaque bytes."""

    async def put(self, key: str, data: bytes) -> None:
        """Durable when this returns (fsync of file and folder, for a folder)."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """The object in chunks. Raises ObjectMissing on the first."""
        ...

    async def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """Sizes in bytes of those that exist, durably."""
        ...

    async def delete(self, keys: Sequence[str]) -> Sequence[str]:
        """Delete; the keys of which it is certain that they are gone (also those that never were)."""
        ...

    def walk(self) -> AsyncIterator[Sequence[Found]]:
        """Every object, in pages, in no order. What comes and goes meanwhile may be among them or not."""
        ...

    def put_address(self, key: str, size_bytes: int, expires_ms: int) -> str:
        """Where a hub may put exactly this object, until then."""
        ...


@runtime_checkable
class Receiving(Protocol):
    """Objects whose put addresses lead to ourselves: the service checks them and takes the bytes."""

    def permits(self, key: str, size_bytes: int, expires_ms: int, signature: str) -> bool:
        """Whether we signed this address and it still holds."""
        ...


# ---------------------------------------------------------------- broker


class BrokerUnavailable(TryLater):
    """The broker is not there."""


@dataclass(frozen=True, slots=True)
class HubMessage:
    """What a hub said; who said it is certain: the broker lets no one else write there."""

    hub: str
    kind: str  # "status", "pull", "events"
    payload: bytes


class Broker(Protocol):
    """The MQTT broker, as the service uses it."""

    @property
    def connected(self) -> asyncio.Event: ...

    @property
    def reconnected(self) -> asyncio.Event:
        """Set at each connection: what the broker held may be lost, everything is to be published again."""
        ...

    async def publish_entitlement(self, hub: str, document: str) -> None:
        """Retained, QoS 1; returns when the broker has it. Raises BrokerUnavailable."""
        ...

    async def forget(self, hub: str) -> None:
        """Take the retained messages of a hub away."""
        ...

    def messages(self) -> AsyncIterator[HubMessage]:
        """What hubs say, over all reconnections."""
        ...


class Revocations(Protocol):
    """How a hub is shut out at once."""

    async def revoke(self, hub: str, serials: Sequence[str]) -> None:
        """From now on its certificates are refused, and its live connection ends."""
        ...
