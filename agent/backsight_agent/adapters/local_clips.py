"""Downloads: a clip is a run's init and consecutive segment files, byte for byte."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from aiohttp import web

from backsight_agent.adapters.local_looking import Looking, Span
from backsight_agent.adapters.local_problems import Problem
from backsight_shared.playlist import unbroken
from backsight_shared.segment import Segment


async def send_clip(request: web.Request, looking: Looking, camera: str, span: Span) -> web.StreamResponse:
    """One unbroken part, file by file. Raises Problem 404 when there is none, 409 when there are several."""
    parts = unbroken(await looking.segments(camera, span))
    if not parts:
        detail = "Nothing was recorded then, or it has left the history; /history says what there is"
        raise Problem(404, "There is no video", detail)
    if len(parts) > 1:
        raise _several(request, parts)
    (part,) = parts
    init = await _init(looking, part[0])
    response = web.StreamResponse(headers=_headers(looking.names.get(camera, camera), part))
    response.content_type = "video/mp4"
    response.content_length = len(init) + sum(segment.size_bytes for segment in part)
    await response.prepare(request)
    if request.method != "HEAD":
        await _send(response, request, looking, init, part)
    return response


async def _send(
    response: web.StreamResponse, request: web.Request, looking: Looking, init: bytes, part: Sequence[Segment]
) -> None:
    """One file in memory at a time. What leaves the history meanwhile ends the download, visibly torn."""
    await response.write(init)
    for segment in part:
        try:
            data = await looking.history.read_segment(segment)
        except FileNotFoundError:
            if request.transport is not None:
                request.transport.abort()
            return
        await response.write(data)
    await response.write_eof()


async def _init(looking: Looking, first: Segment) -> bytes:
    try:
        return await looking.history.read_init(first.camera, first.run_ms)
    except FileNotFoundError as error:
        raise Problem(404, "There is no video", "It has just left the history") from error


def _several(request: web.Request, parts: Sequence[Sequence[Segment]]) -> Problem:
    token = {"token": request.query["token"]} if "token" in request.query else {}
    listed = [
        {
            "from_ms": part[0].start_ms,
            "to_ms": part[-1].end_ms,
            "clip": str(
                request.rel_url.with_query({"from": part[0].start_ms, "to": part[-1].end_ms, **token})
            ),
        }
        for part in parts
    ]
    detail = f"The recording has breaks: ask for its {len(parts)} parts one by one"
    return Problem(409, "Not one unbroken recording", detail, {"parts": listed})


def _headers(name: str, part: Sequence[Segment]) -> dict[str, str]:
    """A name with the camera's and the local time, in both spellings of RFC 6266."""
    local = datetime.fromtimestamp(part[0].start_ms / 1000, UTC).astimezone()
    file = f"{name} {local:%Y-%m-%d %H.%M.%S}.mp4".replace("/", "-").replace("\\", "-")
    plain = file.encode("ascii", "replace").decode().replace('"', "'").replace("?", "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file)}"
    return {"Content-Disposition": disposition, "Cache-Control": "no-store"}
