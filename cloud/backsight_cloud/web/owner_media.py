"""Plays and downloads: playlists, inits, segments, clips, as of this moment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from aiohttp import web

from backsight_cloud.domain.looking import Part, clip_name
from backsight_cloud.ports import ObjectMissing
from backsight_cloud.services.playback import ManyParts, Media, NothingThere, UnknownCamera
from backsight_cloud.web.access import account_of
from backsight_cloud.web.asking import span_asked, whole_number
from backsight_cloud.web.described import Media as MediaType
from backsight_cloud.web.described import Who, described
from backsight_cloud.web.keys import CLOCK, PLAYBACK
from backsight_cloud.web.owner_shapes import CameraPath, ClipAsked, RunPath, SegmentPath, SpanAsked
from backsight_cloud.web.problem_kinds import MORE_THAN_ONE_PART, NO_SUCH_CAMERA, NOTHING_THERE
from backsight_cloud.web.problems import Problem
from backsight_shared.playlist import Addresses, media_playlist

LONGEST_PLAYLIST_MS = 2 * 3_600_000  # some 720 segments
LONGEST_CLIP_MS = 24 * 3_600_000
LONGEST_CACHED_S = 300  # seconds that a browser may show what has expired in the meantime

NO_STORE = {"Cache-Control": "no-store"}
_VIDEO = "video/mp4"
_TAGS = ("media",)
_MISSING = (NO_SUCH_CAMERA, NOTHING_THERE)


def routes() -> list[web.RouteDef]:
    """What players ask for."""
    return [
        web.get("/v1/cameras/{camera}/playlist.m3u8", _playlist),
        web.get("/v1/cameras/{camera}/runs/{run}.mp4", _init),
        web.get("/v1/cameras/{camera}/segments/{start}.m4s", _segment),
        web.get("/v1/cameras/{camera}/clip.mp4", _clip),
    ]


@contextmanager
def not_theirs_is_unknown() -> Iterator[None]:
    """A foreign camera is answered exactly as one that does not exist."""
    try:
        yield
    except UnknownCamera as error:
        raise Problem(404, "No such camera", "there is no such camera in this account") from error
    except (NothingThere, ObjectMissing) as error:
        raise Problem(
            404, "Nothing there", "nothing was recorded there, or it is not kept any more"
        ) from error


@described(
    "A playlist for HLS players, of two hours at most",
    who=Who.VIEWER,
    tags=_TAGS,
    path=CameraPath,
    query=SpanAsked,
    answers={200: MediaType("application/vnd.apple.mpegurl")},
    problems=_MISSING,
)
async def _playlist(request: web.Request) -> web.Response:
    account = await account_of(request)
    from_ms, to_ms = span_asked(request, LONGEST_PLAYLIST_MS)
    with not_theirs_is_unknown():
        camera = request.match_info["camera"]
        segments = await request.app[PLAYBACK].segments(account.id, camera, from_ms, to_ms)
        if not segments:
            raise NothingThere("players refuse an empty playlist")
    addresses = Addresses(init=lambda run: f"runs/{run}.mp4", segment=lambda start: f"segments/{start}.m4s")
    ended = to_ms <= request.app[CLOCK].now_ms()
    text = media_playlist(segments, addresses, ended=ended)
    return web.Response(text=text, content_type="application/vnd.apple.mpegurl", headers=NO_STORE)


@described(
    "The init of a run",
    who=Who.VIEWER,
    tags=_TAGS,
    path=RunPath,
    answers={200: MediaType(_VIDEO)},
    problems=_MISSING,
)
async def _init(request: web.Request) -> web.StreamResponse:
    account, run_ms = await account_of(request), whole_number(request, "run", request.match_info["run"])
    with not_theirs_is_unknown():
        media = await request.app[PLAYBACK].init(account.id, request.match_info["camera"], run_ms)
        first = await _first_chunk(request, media)
    return await _stream(request, media, first, _cached(request, media))


@described(
    "One segment",
    who=Who.VIEWER,
    tags=_TAGS,
    path=SegmentPath,
    answers={200: MediaType(_VIDEO)},
    problems=_MISSING,
)
async def _segment(request: web.Request) -> web.StreamResponse:
    account, start_ms = await account_of(request), whole_number(request, "start", request.match_info["start"])
    with not_theirs_is_unknown():
        media = await request.app[PLAYBACK].segment(account.id, request.match_info["camera"], start_ms)
        first = await _first_chunk(request, media)
    return await _stream(request, media, first, _cached(request, media))


@described(
    "A clip to download, of a day at most",
    who=Who.VIEWER,
    tags=_TAGS,
    path=CameraPath,
    query=ClipAsked,
    answers={200: MediaType(_VIDEO)},
    problems=(*_MISSING, MORE_THAN_ONE_PART),
)
async def _clip(request: web.Request) -> web.StreamResponse:
    account = await account_of(request)
    from_ms, to_ms = span_asked(request, LONGEST_CLIP_MS)
    run = request.query.get("run")
    run_ms = None if run is None else whole_number(request, "run", run)
    with not_theirs_is_unknown():
        try:
            camera, part, media = await request.app[PLAYBACK].clip(
                account.id, request.match_info["camera"], from_ms, to_ms, run_ms
            )
        except ManyParts as error:
            raise _choose(request, error.parts) from error
        first = await _first_chunk(request, media)
    name = clip_name(camera.name, part.from_ms, account.zone)
    return await _stream(request, media, first, NO_STORE | {"Content-Disposition": _attachment(name)})


def _choose(request: web.Request, parts: Sequence[Part]) -> Problem:
    """One clip is one unbroken part: here are their addresses."""
    listed = [
        {
            "from_ms": part.from_ms,
            "to_ms": part.to_ms,
            "size_bytes": part.size_bytes,
            "url": _url(request, part),
        }
        for part in parts
    ]
    detail = f"the recording is broken {len(parts) - 1} times in this span; each part is a clip of its own"
    return Problem(409, "More than one part", detail, extra={"parts": listed})


def _url(request: web.Request, part: Part) -> str:
    span = {"from": part.from_ms, "to": part.to_ms, "run": part.run_ms}
    return f"{request.path}?{urlencode(span)}"


def _attachment(name: str) -> str:
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _cached(request: web.Request, media: Media) -> dict[str, str]:
    """The bytes never change, but a browser must not show them much longer than we would."""
    if media.shared:  # the share may end at any moment
        return NO_STORE
    left_s = LONGEST_CACHED_S
    if media.expires_ms is not None:
        left_s = min(left_s, (media.expires_ms - request.app[CLOCK].now_ms()) // 1000)
    return {"Cache-Control": f"private, max-age={left_s}, immutable"} if left_s > 0 else NO_STORE


async def _first_chunk(request: web.Request, media: Media) -> bytes:
    """What is missing is known before the answer begins; later it can only end the connection."""
    return b"" if request.method == "HEAD" else await anext(media.chunks, b"")


async def _stream(
    request: web.Request, media: Media, first: bytes, headers: dict[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    response.content_type, response.content_length = _VIDEO, media.size_bytes
    await response.prepare(request)
    if request.method != "HEAD":
        await response.write(first)
        async for chunk in media.chunks:
            await response.write(chunk)
    await response.write_eof()
    return response
