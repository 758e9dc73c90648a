"""The cameras' figures for the page of metrics; every name and its meaning: docs/design/health.md."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backsight_agent.domain.states import CameraFacts, CameraState, State
from backsight_agent.domain.vitals import CameraVitals, Held
from backsight_shared.exposition import Family, Kind, many

UNSEEN = Held()  # of a camera in a store that was not looked at yet


@dataclass(frozen=True, slots=True)
class CameraNow:
    """One camera at the moment of the page."""

    camera: str
    name: str
    facts: CameraFacts
    state: CameraState
    vitals: CameraVitals
    held: Held
    window_ms: int | None
    paired: bool  # without a cloud nothing waits for it
    overdue_s: float | None  # None while nobody can say: no window, no trusted clock
    now: float  # monotonic

    @property
    def last_frame_age_s(self) -> float | None:
        return None if self.vitals.read_at is None else self.now - self.vitals.read_at

    @property
    def size_bytes(self) -> int | None:
        return None if self.held is UNSEEN else self.held.size_bytes

    @property
    def waiting(self) -> int | None:
        return self.held.waiting if self.paired and self.held is not UNSEEN else None

    @property
    def missed(self) -> int | None:
        return self.held.missed if self.paired and self.held is not UNSEEN else None


def camera_families(cameras: Sequence[CameraNow]) -> Iterator[Family]:
    """A family for each figure, a sample for each camera."""
    yield many("backsight_camera_info", "gauge", "Who it is: always 1", [(_identity(c), 1) for c in cameras])
    yield many("backsight_camera_state", "gauge", "1 for the state that it is in", _states(cameras))
    for name, kind, text, figure in _FIGURES:
        figures = [({"camera": one.camera}, figure(one)) for one in cameras]
        yield many(f"backsight_camera_{name}", kind, text, figures)
    for name, label, text, counts in _COUNTS:
        yield many(f"backsight_camera_{name}", "counter", text, _by(cameras, label, counts))


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


_FIGURES: tuple[tuple[str, Kind, str, Callable[[CameraNow], float | None]], ...] = (
    ("state_since_timestamp_seconds", "gauge", "When its state began", lambda c: c.state.since_ms / 1000),
    ("last_frame_age_seconds", "gauge", "Since its last whole GOP was read", lambda c: c.last_frame_age_s),
    ("gops_read_total", "counter", "GOPs read", lambda c: c.vitals.gops),
    ("frames_read_total", "counter", "Frames read", lambda c: c.vitals.frames),
    ("read_bytes_total", "counter", "Video and sound read", lambda c: c.vitals.read_bytes),
    ("segments_finished_total", "counter", "Segments made durable", lambda c: c.vitals.segments),
    ("written_bytes_total", "counter", "Bytes of those segments", lambda c: c.vitals.written_bytes),
    ("history_start_timestamp_seconds", "gauge", "It goes back to", lambda c: _seconds(c.held.from_ms)),
    ("history_end_timestamp_seconds", "gauge", "It goes up to", lambda c: _seconds(c.held.to_ms)),
    ("horizon_timestamp_seconds", "gauge", "Before it nothing exists", lambda c: _seconds(c.held.horizon_ms)),
    ("window_seconds", "gauge", "How far back it may reach", lambda c: _seconds(c.window_ms)),
    ("history_bytes", "gauge", "Size of its finished segments", lambda c: c.size_bytes),
    ("backlog_segments", "gauge", "Segments that the cloud does not have", lambda c: c.waiting),
    ("missed_segments", "gauge", "Those that left before it had them", lambda c: c.missed),
    ("prune_overdue_seconds", "gauge", "So late is its oldest segment to go", lambda c: c.overdue_s),
)

_COUNTS: tuple[tuple[str, str, str, Callable[[CameraNow], Mapping[str, float]]], ...] = (
    ("gaps_total", "reason", "Gaps that ended", lambda c: c.vitals.gaps),
    ("gap_seconds_total", "reason", "Their lengths", lambda c: _all_seconds(c.vitals.gap_ms)),
    ("events_total", "kind", "Events that began", lambda c: c.vitals.events),
)


def _all_seconds(ms: Mapping[str, int]) -> dict[str, float]:
    return {key: value / 1000 for key, value in ms.items()}


def _by(
    cameras: Sequence[CameraNow], label: str, counts: Callable[[CameraNow], Mapping[str, float]]
) -> Iterator[tuple[dict[str, str], float]]:
    for one in cameras:
        for value, count in counts(one).items():
            yield {"camera": one.camera, label: value}, count


def _identity(one: CameraNow) -> dict[str, str]:
    facts = one.facts
    return {"camera": one.camera, "name": one.name, "model": facts.model, "firmware": facts.firmware}


def _states(cameras: Sequence[CameraNow]) -> Iterator[tuple[dict[str, str], float]]:
    """All of them, so that a state that was left goes to 0 and does not stay where it was."""
    for one in cameras:
        for state in State:
            yield {"camera": one.camera, "state": state.value}, state is one.state.state
