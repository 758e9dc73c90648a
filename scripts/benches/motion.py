"""Measures the hub's motion detection on films of known truth: what it finds, invents, costs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from backsight_agent.adapters.key_frames import decode_grey
from backsight_agent.domain.media import VideoUnit
from backsight_agent.domain.motion import MotionDetector, MotionSettings
from backsight_agent.domain.motion_events import MotionEvents, Span
from scenes.films import GOP, film_of
from scenes.painting import FPS, Scene
from scenes.truth import SCENES

GOP_MS = GOP * 1000 // FPS
NEAR_S = 2.0  # seconds that an event may be beside the truth and still be it: one GOP


@dataclass
class Watched:
    """One scene, looked at."""

    events: list[Span]
    noticed_ms: list[int]  # when each event became known
    cpu_s: float


def run() -> Iterator[dict[str, Any]]:
    """Figures for each scene, then over all."""
    found = true = false = 0
    seconds, cpu_s = 0, 0.0
    for scene in SCENES:
        watched = _watch(film_of(scene))
        hits = [
            _hit(walker.start_s, _end_s(scene, number), watched)
            for number, walker in enumerate(scene.walkers)
        ]
        alarms = sum(not _is_true(event, scene) for event in watched.events)
        found, true, false = found + sum(hit is not None for hit in hits), true + len(hits), false + alarms
        seconds, cpu_s = seconds + scene.seconds, cpu_s + watched.cpu_s
        if hits:
            yield _figure(f"{scene.name}: found", sum(hit is not None for hit in hits), f"of {len(hits)}")
        yield _figure(f"{scene.name}: false alarms", alarms, f"in {scene.seconds} s")
        if late := [hit for hit in hits if hit is not None]:
            yield _figure(f"{scene.name}: known after", round(max(late), 1), "s")
    yield _figure("recall", round(found / true, 3), "share")
    yield _figure("false alarms", round(false * 3600 / seconds, 1), "per hour of these scenes")
    yield _figure("one 1080p15 camera", round(100 * cpu_s / seconds, 3), "% of a core")


def _watch(units: list[bytes]) -> Watched:
    detector, events, watched = MotionDetector(MotionSettings()), MotionEvents(), Watched([], [], 0.0)
    gops = [units[start : start + GOP] for start in range(0, len(units), GOP)]
    began = time.process_time()
    for number, (gop, following) in enumerate(pairwise(gops)):
        picture = decode_grey(VideoUnit(following[0], 0, True))
        finding = detector.look(picture, [len(unit) for unit in gop[1:]])
        start_ms = number * GOP_MS
        span = events.take(finding, start_ms, start_ms + GOP_MS)
        if span and (not watched.events or watched.events[-1].start_ms != span.start_ms):
            watched.events.append(span)
            watched.noticed_ms.append(start_ms + GOP_MS)
        elif span:
            watched.events[-1] = span
    watched.cpu_s = time.process_time() - began
    return watched


def _end_s(scene: Scene, number: int) -> float:
    return scene.walkers[number].end_s


def _hit(start_s: float, end_s: float, watched: Watched) -> float | None:
    """Seconds from somebody's coming until it was known; None when it was not found."""
    for event, noticed_ms in zip(watched.events, watched.noticed_ms, strict=True):
        if event.until_ms / 1000 >= start_s and event.start_ms / 1000 <= end_s + NEAR_S:
            return max(0.0, noticed_ms / 1000 - start_s)
    return None


def _is_true(event: Span, scene: Scene) -> bool:
    return any(
        event.until_ms / 1000 >= walker.start_s - NEAR_S and event.start_ms / 1000 <= walker.end_s + NEAR_S
        for walker in scene.walkers
    )


def _figure(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"bench": "motion", "figure": name, "value": value, "unit": unit}
