"""Turns what was seen into the figures that the check prints."""

from collections.abc import Iterable, Sequence
from statistics import quantiles

from backsight_shared.window import WindowStep, expires_at
from stage.frames import Proof
from stage.lookout import Lookout


def p95(values: Sequence[float]) -> float:
    """The 95th percentile; 0 of nothing."""
    return quantiles(values, n=20)[-1] if len(values) > 1 else sum(values)


def delays_s(
    proofs: Iterable[Proof], lookouts: Iterable[Lookout], without: set[tuple[str, int]]
) -> list[float]:
    """For every frame: from being sent by the camera to being playable on this side, seconds.

    `without` are (camera, start) of segments that had to wait for a reason that is no delay: no cloud.
    """
    found = []
    for proof, lookout in zip(proofs, lookouts, strict=True):
        seen = {
            start: sighting.seen_ms
            for start, sighting in lookout.sightings.items()
            if (lookout.camera, start) not in without
        }
        found += [(seen[start] - sent) / 1000 for start, sent in proof.sent_ms if start in seen]
    return found


def lateness_s(lookout: Lookout, steps: Sequence[WindowStep]) -> list[float]:
    """For every segment that left: how long after its moment it was still there, seconds; negative: too soon.

    Its moment is when its end leaves the window (DESIGN.md, Always true, 1).
    """
    late = []
    for sighting in lookout.sightings.values():
        if sighting.gone_ms is None:
            continue
        due_ms = expires_at(steps, None, sighting.end_ms, sighting.seen_ms)
        if due_ms is not None:
            late.append((sighting.gone_ms - due_ms) / 1000)
    return late


def wrong(lookout: Lookout, steps: Sequence[WindowStep], allowed_s: float) -> list[str]:
    """The segments that left too late or too soon, for a person who looks for the cause."""
    lines = []
    for sighting in lookout.sightings.values():
        due_ms = expires_at(steps, None, sighting.end_ms, sighting.seen_ms)
        if sighting.gone_ms is None or due_ms is None:
            continue
        off_s = (sighting.gone_ms - due_ms) / 1000
        if not 0 <= off_s <= allowed_s:
            lines.append(
                f"{lookout.side} {lookout.camera}: segment {sighting.start_ms}..{sighting.end_ms} seen at "
                f"{sighting.seen_ms}, gone at {sighting.gone_ms}, {off_s:+.3f} s from its moment; {steps}"
            )
    return lines
