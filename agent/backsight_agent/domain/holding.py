"""Decides which entitlement a hub obeys, and what each camera's history may reach because of it.

A document is taken when it comes from the cloud that the hub is paired with, is for this hub, and has a
higher serial than the one held. A camera that the newest document no longer names keeps the steps of the
last one that did: no document said that its history shrinks, so it goes on as it was until the owner says
otherwise; its upload ends. So that a restart changes nothing, every document that is still the last word on
some camera is held, newest last, not only the newest.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from backsight_shared.entitlement import Entitlement, UploadPolicy
from backsight_shared.erased import ErasedSpan
from backsight_shared.window import WindowStep, horizon


@dataclass(frozen=True, slots=True)
class Accepted:
    """The document is newer and ours: obey it."""

    entitlement: Entitlement


@dataclass(frozen=True, slots=True)
class Repeated:
    """The document that is held already. Nothing to do, nothing to report."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The document is not to be obeyed; the reason is for a person."""

    reason: str


_STRICTER: tuple[UploadPolicy, ...] = ("all", "events", "off")  # each sends less than the one before

Verdict = Accepted | Repeated | Refused


@dataclass(frozen=True, slots=True)
class Held:
    """A document in force, as it was understood and as it was written (signed)."""

    entitlement: Entitlement
    document: str


def judge(offered: Entitlement, newest: Entitlement | None, issuer: str, hub: str) -> Verdict:
    """Whether a document whose signature is good is to be obeyed."""
    if offered.issuer != issuer:
        return Refused(f"it was issued by {offered.issuer!r}, not by the cloud that this hub is paired with")
    if offered.hub != hub:
        return Refused(f"it is for hub {offered.hub!r}, not for this one ({hub!r})")
    if newest is None or offered.serial > newest.serial:
        return Accepted(offered)
    if offered == newest:
        return Repeated()
    if offered.serial == newest.serial:
        return Refused(f"it says something else under the serial that is held already ({newest.serial})")
    return Refused(f"its serial {offered.serial} is not higher than that of the one held ({newest.serial})")


def still_in_force(documents: Sequence[Held], newest: Held) -> tuple[Held, ...]:
    """The documents, oldest first, that are the last word on at least one camera; `newest` is always one."""
    kept, named = [newest], set(newest.entitlement.cameras)
    for earlier in reversed(documents):
        if not named.issuperset(earlier.entitlement.cameras):
            kept.append(earlier)
            named.update(earlier.entitlement.cameras)
    return tuple(reversed(kept))


class HeldEntitlement:
    """What a paired hub is entitled to, by the newest documents it accepted. Implements Windows."""

    def __init__(self, issuer: str, hub: str, keys: tuple[dict[str, str], ...]) -> None:
        self._issuer = issuer
        self._hub = hub
        self.keys = keys  # public JWKs of the cloud: what signs a document must be one of them
        self._documents: tuple[Held, ...] = ()
        self._steps: dict[str, tuple[WindowStep, ...]] = {}
        self._erased: dict[str, tuple[ErasedSpan, ...]] = {}
        self.changed = asyncio.Event()  # for who prunes
        self.upload_changed = asyncio.Event()  # for who uploads: an event has one owner, who clears it
        self.erase_changed = asyncio.Event()  # for who erases what the owner erased in the cloud

    def accept(self, offered: Entitlement) -> Verdict:
        """Judge a document whose signature is good. Changes nothing: `obey` does."""
        return judge(offered, self.newest, self._issuer, self._hub)

    def with_newest(self, newest: Held) -> tuple[Held, ...]:
        """What is to be kept durably before `newest` is obeyed, oldest first."""
        return still_in_force(self._documents, newest)

    def obey(self, newest: Held) -> None:
        """From now on the cameras are entitled to what this accepted document says."""
        self._documents = self.with_newest(newest)
        named = (held.entitlement.cameras for held in self._documents)
        last = {camera: entitled for cameras in named for camera, entitled in cameras.items()}
        self._steps = {camera: entitled.windows for camera, entitled in last.items()}
        self._erased = {camera: entitled.erase for camera, entitled in last.items() if entitled.erase}
        self.changed.set()
        self.upload_changed.set()
        self.erase_changed.set()

    @property
    def newest(self) -> Entitlement | None:
        return self._documents[-1].entitlement if self._documents else None

    @property
    def serial(self) -> int:
        """Of the newest document; 0 without one."""
        return self.newest.serial if self.newest else 0

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        """A camera's window steps; None when no document ever named it: then nothing may be deleted."""
        return self._steps.get(camera)

    def erased(self) -> Mapping[str, tuple[ErasedSpan, ...]]:
        """What the owner erased of each camera, by the last word on it."""
        return self._erased

    def upload(self, camera: str) -> UploadPolicy | None:
        """What of a camera is to be uploaded; None when the newest document does not name it."""
        entitled = self.newest.cameras.get(camera) if self.newest else None
        return entitled.upload if entitled else None


class UploadPolicies:
    """What of a camera is sent: what its plan allows, less what its owner keeps at home."""

    def __init__(self, held: HeldEntitlement, own: Mapping[str, UploadPolicy]) -> None:
        self._held = held
        self._own = own

    @property
    def upload_changed(self) -> asyncio.Event:
        """Set when the entitlement may allow something else."""
        return self._held.upload_changed

    def upload(self, camera: str) -> UploadPolicy | None:
        """The stricter of the two; None when the newest document does not name the camera."""
        allowed = self._held.upload(camera)
        return None if allowed is None else max(allowed, self._own.get(camera, "all"), key=_STRICTER.index)


class FixedWindows:
    """One window for every camera, for a hub without a cloud. Implements Windows."""

    def __init__(self, window_ms: int, cameras: Iterable[str]) -> None:
        self._steps = {camera: (WindowStep(0, window_ms),) for camera in cameras}
        self.changed = asyncio.Event()

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        """The same for each configured camera; None for any other: its history is not ours to delete."""
        return self._steps.get(camera)


class KnowsSteps(Protocol):
    """What is needed here of the port Windows."""

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None: ...


def visible_horizon(
    windows: KnowsSteps, camera: str, reached_ms: int | None, trusted_now_ms: int | None
) -> int | None:
    """The horizon by which reading is masked: what pruning reached, and beyond it only by a trusted clock."""
    steps = windows.steps(camera)
    if steps is None or trusted_now_ms is None:
        return reached_ms
    return horizon(steps, reached_ms, trusted_now_ms)
