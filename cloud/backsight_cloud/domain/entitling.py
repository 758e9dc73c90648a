"""Decides what window steps a plan change leaves, and what an entitlement says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backsight_shared.entitlement import CameraEntitlement, Entitlement, UploadPolicy
from backsight_shared.erased import ErasedSpan
from backsight_shared.window import WindowStep, compact


@dataclass(frozen=True, slots=True)
class EntitledCamera:
    """What the database says of one camera that matters to its hub."""

    camera: str
    plan: str
    upload: UploadPolicy
    steps: tuple[WindowStep, ...]
    erased: tuple[ErasedSpan, ...] = ()


def changed(steps: Sequence[WindowStep], future: Sequence[WindowStep], now_ms: int) -> tuple[WindowStep, ...]:
    """The steps after a change at `now_ms`, with what is now known of the time from then on.

    The past stays as it was. Steps that were planned for later give way to `future`, whose first step
    may lie at `now_ms` or later. Of the past, what no longer decides anything is dropped.
    """
    past = [step for step in steps if step.from_ms <= now_ms]
    made = list(past)
    for step in future:
        begins_ms = max(step.from_ms, made[-1].from_ms + 1) if made else step.from_ms
        if not made or made[-1].window_ms != step.window_ms:
            made.append(WindowStep(begins_ms, step.window_ms))
    return compact(made, now_ms)


def changed_to(steps: Sequence[WindowStep], window_ms: int, now_ms: int) -> tuple[WindowStep, ...]:
    """The steps after the window became this one, now and until further notice."""
    return changed(steps, [WindowStep(now_ms, window_ms)], now_ms)


def entitlement(
    issuer: str, hub: str, serial: int, now_ms: int, cameras: Iterable[EntitledCamera]
) -> Entitlement:
    """The document for one hub. A camera without a step is left out: what nothing limits, nobody deletes."""
    return Entitlement(
        issuer=issuer,
        hub=hub,
        serial=serial,
        issued_at_ms=now_ms,
        cloud_time_ms=now_ms,
        cameras={
            entitled.camera: CameraEntitlement(
                entitled.plan, entitled.steps, entitled.upload, entitled.erased
            )
            for entitled in cameras
            if entitled.steps
        },
    )
