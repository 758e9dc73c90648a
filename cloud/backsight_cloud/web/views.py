"""What each page says, made from the service's records; the templates only lay it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from backsight_cloud.domain.records import Camera, Hub
from backsight_cloud.services.playback import CameraView
from backsight_cloud.web.conditions import Condition, camera_condition, hub_condition, status_of
from backsight_cloud.web.wording import Reach, about, ago, moment, plan_badge, reach, size
from backsight_shared.segment import SEGMENT_S
from backsight_shared.wire import HubStatus


@dataclass(frozen=True, slots=True)
class CameraCard:
    """One camera on the cameras page."""

    id: str
    name: str
    plan: str
    paid: bool
    condition: Condition
    reach: Reach
    newest_ms: int | None  # the moment of the newest picture that can be shown
    newest_text: str
    shared: bool = False  # another's: it is looked at only


@dataclass(frozen=True, slots=True)
class HubLine:
    """One hub on the hubs page; `facts` are (what, how it is)."""

    id: str
    name: str
    condition: Condition
    facts: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One camera on the account's page."""

    id: str
    name: str
    model: str
    plan: str
    paid: bool
    reach: str


def camera_card(view: CameraView, now_ms: int, zone: str) -> CameraCard:
    """A camera as its card shows it."""
    camera = view.camera
    return CameraCard(
        id=camera.id,
        name=name_of(camera),
        plan="Shared with you" if view.shared else plan_badge(camera.plan, view.window_ms),
        paid=camera.plan != "free" and not view.shared,
        condition=camera_condition(camera.id, view.hub, now_ms, zone),
        reach=_reach(view, now_ms, zone),
        newest_ms=view.span[1] if view.span else None,
        newest_text=moment(view.span[1], zone, now_ms) if view.span else "",
        shared=view.shared,
    )


def cameras_summary(cards: Sequence[CameraCard]) -> str:
    """ "4 cameras, 1 needs you"."""
    needing = sum(card.condition.needs_owner for card in cards)
    cameras = f"{len(cards)} camera" + ("" if len(cards) == 1 else "s")
    if not needing:
        return cameras
    return f"{cameras}, {needing} " + ("needs you" if needing == 1 else "need you")


def hub_line(hub: Hub, cameras: Sequence[Camera], now_ms: int, zone: str) -> HubLine:
    """A hub as the hubs page shows it."""
    status = status_of(hub)
    names = ", ".join(name_of(camera) for camera in cameras if camera.hub == hub.id) or "none yet"
    facts = [("Cameras", names), *(_status_facts(hub, status, now_ms) if status else ())]
    facts.append(("Paired", moment(hub.paired_ms, zone, now_ms)))
    problems = status.problems if status else ()
    return HubLine(hub.id, hub.name, hub_condition(hub, now_ms, zone), tuple(facts), problems)


def plan_line(view: CameraView, now_ms: int, zone: str) -> PlanLine:
    """A camera with its plan, as the account's page lists it."""
    camera = view.camera
    return PlanLine(
        id=camera.id,
        name=name_of(camera),
        model=camera.model or "Model not known yet",
        plan=plan_badge(camera.plan, view.window_ms),
        paid=camera.plan != "free",
        reach=_reach(view, now_ms, zone).text,
    )


def name_of(camera: Camera) -> str:
    """What the owner calls it; its model and the end of its address while it has no name."""
    nameless = not camera.name.strip() or camera.name == camera.id
    return f"{camera.model or 'Camera'} {camera.id[-4:]}" if nameless else camera.name.strip()


def _reach(view: CameraView, now_ms: int, zone: str) -> Reach:
    uploads = view.camera.upload != "off"
    return reach(view.window_ms, view.span, view.camera.bound_ms, now_ms, zone, uploads=uploads)


def _status_facts(hub: Hub, status: HubStatus, now_ms: int) -> list[tuple[str, str]]:
    if not status.online and not status.version:  # a hub that was cut off says no more than that
        return [("Last heard of", ago(hub.status_ms, now_ms))]
    facts = [
        ("Waiting to upload", _backlog(sum(camera.backlog for camera in status.cameras))),
        (
            "Clock",
            "Right" if status.clock_trusted else status.clock_text or "Not trusted yet: it deletes nothing",
        ),
        ("Version", status.version or "not said"),
        ("Last heard of", ago(hub.status_ms, now_ms)),
    ]
    if status.disk_total_bytes:
        facts.insert(1, ("Disk", f"{size(status.disk_free_bytes)} free of {size(status.disk_total_bytes)}"))
    return facts


def _backlog(segments: int) -> str:
    if not segments:
        return "Nothing: all of it is here"
    return f"About {about(int(segments * SEGMENT_S * 1000))} of video"
