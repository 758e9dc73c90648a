"""What an owner's programs and pages ask: cameras, and what there is of their history."""

from aiohttp import web

from backsight_cloud.services.playback import CameraView, History
from backsight_cloud.web import owner_media
from backsight_cloud.web.access import account_of
from backsight_cloud.web.asking import span_asked
from backsight_cloud.web.conditions import status_of
from backsight_cloud.web.described import Who, described
from backsight_cloud.web.keys import PLAYBACK
from backsight_cloud.web.owner_media import NO_STORE, not_theirs_is_unknown
from backsight_cloud.web.owner_shapes import CameraPath, CameraShown, CamerasShown, HistoryShown, SpanAsked
from backsight_cloud.web.problem_kinds import NO_SUCH_CAMERA
from backsight_shared import shapes
from backsight_shared.event import Event
from backsight_shared.segment import Segment

_TAGS = ("cameras",)

MOST_LISTED = 1000  # segments in one answer, some three hours; unbroken parts are listed without limit


def routes() -> list[web.RouteDef]:
    """Everything is below the account of the session; a camera that is shared with it may be looked at."""
    return [
        web.get("/v1/cameras", _cameras),
        web.get("/v1/cameras/{camera}", _camera),
        web.get("/v1/cameras/{camera}/history", _history),
        *owner_media.routes(),
    ]


@described("List the cameras", who=Who.VIEWER, tags=_TAGS, answers={200: CamerasShown})
async def _cameras(request: web.Request) -> web.Response:
    account = await account_of(request)
    views = await request.app[PLAYBACK].cameras(account.id)
    return web.json_response({"cameras": [_camera_json(view) for view in views]}, headers=NO_STORE)


@described(
    "One camera",
    who=Who.VIEWER,
    tags=_TAGS,
    path=CameraPath,
    answers={200: CameraShown},
    problems=(NO_SUCH_CAMERA,),
)
async def _camera(request: web.Request) -> web.Response:
    account = await account_of(request)
    with not_theirs_is_unknown():
        view = await request.app[PLAYBACK].camera(account.id, request.match_info["camera"])
    return web.json_response(_camera_json(view), headers=NO_STORE)


@described(
    "What there is of a span, and what was noticed in it",
    who=Who.VIEWER,
    tags=_TAGS,
    path=CameraPath,
    query=SpanAsked,
    answers={200: HistoryShown},
    problems=(NO_SUCH_CAMERA,),
)
async def _history(request: web.Request) -> web.Response:
    account, camera = await account_of(request), request.match_info["camera"]
    from_ms, to_ms = span_asked(request)
    playback = request.app[PLAYBACK]
    with not_theirs_is_unknown():
        history = await playback.history(account.id, camera, from_ms, to_ms, most_segments=MOST_LISTED)
        view = await playback.camera(account.id, camera)
    return web.json_response(_history_json(view, history), headers=NO_STORE)


def _camera_json(view: CameraView) -> dict[str, object]:
    """What is its owner's business alone is not told to whom it is shared with."""
    camera, span = view.camera, view.span
    return {
        "id": camera.id,
        "name": camera.name,
        "model": camera.model,
        "shared": view.shared,
        "plan": None if view.shared else camera.plan,
        "upload": camera.upload,
        "hub": None if view.shared else camera.hub,
        **_state(view),
        "history_from_ms": span[0] if span else None,
        "history_to_ms": span[1] if span else None,
        "window_ms": view.window_ms,
        "horizon_ms": view.horizon_ms,
    }


def _state(view: CameraView) -> dict[str, object]:
    """The agent's own word while its hub is online; else how the hub is: that comes first."""
    status = status_of(view.hub) if view.hub else None
    if view.hub is None or view.hub.unpaired_ms is not None:
        return _said("hub_unpaired", None, "Its hub is no longer paired")
    if status is None:
        return _said("unknown", None, "Its hub has not said anything yet")
    if not status.online:
        return _said("hub_offline", view.hub.status_ms, "Its hub is offline")
    own = next((item for item in status.cameras if item.camera == view.camera.id), None)
    if own is None:
        return _said("not_on_hub", None, "Its hub no longer records this camera")
    return {**_said(own.state, own.since_ms, own.text), "remarks": own.remarks}


def _said(state: str, since_ms: int | None, text: str) -> dict[str, object]:
    return {"state": state, "state_since_ms": since_ms, "state_text": text, "remarks": ()}


def _history_json(view: CameraView, history: History) -> dict[str, object]:
    """`from_ms` and `to_ms` are the whole history's ends; `segments` is null when it would be too long."""
    return {
        "from_ms": view.span[0] if view.span else None,
        "to_ms": view.span[1] if view.span else None,
        "horizon_ms": history.horizon_ms,
        "window_ms": view.window_ms,
        "spans": [shapes.write(part) for part in history.parts],
        "gaps": [shapes.write(gap) for gap in history.gaps],
        "events": [_event_json(event) for event in history.events],
        "segments": None if history.segments is None else [_segment_json(s) for s in history.segments],
    }


def _event_json(event: Event) -> dict[str, object]:
    return {
        "start_ms": event.start_ms,
        "end_ms": event.end_ms,
        "kind": event.kind.value,
        "origin": event.origin.value,
        "score": event.score,
    }


def _segment_json(segment: Segment) -> dict[str, object]:
    return {
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "run_ms": segment.run_ms,
        "sequence": segment.sequence,
        "size_bytes": segment.size_bytes,
    }
