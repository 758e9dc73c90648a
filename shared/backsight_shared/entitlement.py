"""The entitlement: what a hub's cameras may keep, and from when; a signed document's content."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from backsight_shared import shapes
from backsight_shared.erased import MOST_SPANS, ErasedSpan
from backsight_shared.errors import Malformed
from backsight_shared.window import WindowStep

UploadPolicy = Literal["all", "events", "off"]


@dataclass(frozen=True, slots=True)
class CameraEntitlement:
    """One camera's plan and its window steps in order of time, past and known future.

    `erase` is what its owner erased, in order of time, no two spans touching: the hub erases it as well.
    """

    plan: str
    windows: tuple[WindowStep, ...]
    upload: UploadPolicy = "all"
    erase: tuple[ErasedSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What one hub is entitled to. A higher serial replaces a lower one, never the other way round."""

    issuer: str  # the cloud's identity
    hub: str
    serial: int
    issued_at_ms: int
    cloud_time_ms: int
    cameras: dict[str, CameraEntitlement]  # by camera identity


@dataclass(frozen=True, slots=True)
class _Step:
    """`WindowStep` as it is written in the document: the window in seconds (DESIGN.md, Entitlements)."""

    from_ms: int
    window_s: int


@dataclass(frozen=True, slots=True)
class _Camera:
    plan: str
    windows: tuple[_Step, ...]
    upload: UploadPolicy = "all"
    erase: tuple[ErasedSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class _Document:
    iss: str
    hub: str
    serial: int
    issued_at: int
    cloud_time: int
    cameras: dict[str, _Camera]


def to_claims(entitlement: Entitlement) -> dict[str, Any]:
    """The document's JSON object.

    Raises ValueError for a window that is not whole seconds, and for more erased spans than a document holds.
    """
    document = _Document(
        iss=entitlement.issuer,
        hub=entitlement.hub,
        serial=entitlement.serial,
        issued_at=entitlement.issued_at_ms,
        cloud_time=entitlement.cloud_time_ms,
        cameras={camera: _written(entitled) for camera, entitled in entitlement.cameras.items()},
    )
    claims: dict[str, Any] = shapes.write(document)
    return claims


def from_claims(claims: object) -> Entitlement:
    """The document read back; raises Malformed with the place of what is wrong."""
    document = shapes.read(_Document, claims, "entitlement")
    return Entitlement(
        issuer=document.iss,
        hub=document.hub,
        serial=document.serial,
        issued_at_ms=document.issued_at,
        cloud_time_ms=document.cloud_time,
        cameras={camera: _understood(camera, read) for camera, read in document.cameras.items()},
    )


def _written(entitled: CameraEntitlement) -> _Camera:
    for step in entitled.windows:
        if step.window_ms % 1000:
            raise ValueError(f"a window must be whole seconds, not {step.window_ms} ms")
    if len(entitled.erase) > MOST_SPANS:
        raise ValueError(f"a document holds {MOST_SPANS} erased spans of a camera, not {len(entitled.erase)}")
    steps = tuple(_Step(step.from_ms, step.window_ms // 1000) for step in entitled.windows)
    return _Camera(entitled.plan, steps, entitled.upload, entitled.erase)


def _understood(camera: str, read: _Camera) -> CameraEntitlement:
    """How many spans there may be is the cloud's to say: a hub takes more than this version would write."""
    where = f"entitlement.cameras.{camera}.windows"
    if not read.windows:
        raise Malformed(f"{where} must have at least one step")
    try:
        steps = tuple(WindowStep(step.from_ms, step.window_s * 1000) for step in read.windows)
    except ValueError as error:
        raise Malformed(f"{where}: {error}") from error
    if any(later.from_ms <= earlier.from_ms for earlier, later in pairwise(steps)):
        raise Malformed(f"{where} must be in order of time, each step later than the one before")
    if any(later.from_ms <= earlier.to_ms for earlier, later in pairwise(read.erase)):
        raise Malformed(f"entitlement.cameras.{camera}.erase must be in order of time, no two spans touching")
    return CameraEntitlement(read.plan, steps, read.upload, read.erase)
