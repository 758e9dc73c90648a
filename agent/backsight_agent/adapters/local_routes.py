"""The local API's addresses and what they answer."""

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import urlencode

from aiohttp import hdrs, web

from backsight_agent.adapters.local_clips import send_clip
from backsight_agent.adapters.local_looking import (
    HOUR_MS,
    Looking,
    history_asked,
    moment_in_path,
    recent_or,
    span_of,
)
from backsight_agent.adapters.local_problems import Problem
from backsight_agent.domain.states import CameraFacts
from backsight_agent.ports import Gap
from backsight_shared.exposition import OPENMETRICS, PLAIN, accepts_openmetrics
from backsight_shared.playlist import Addresses, media_playlist
from backsight_shared.shapes import write

LONGEST_PLAYLIST_MS = 24 * HOUR_MS  # a player loads the whole list, again and again while it grows
LONGEST_HISTORY_MS = 7 * 24 * HOUR_MS
_LEDGER_LINES = 1000


def routes(looking: Looking) -> list[web.RouteDef]:
    """Everything that can be read."""
    handlers, camera = _Handlers(looking), "/cameras/{camera}"
    return [
        web.get("/status", handlers.status),
        web.get("/metrics", handlers.metrics),
        web.get("/cameras", handlers.cameras),
        web.get(f"{camera}/history", handlers.history),
        web.get(f"{camera}/erasures", handlers.erasures),
        web.get(f"{camera}/playlist.m3u8", handlers.playlist),
        web.get(f"{camera}/clip.mp4", handlers.clip),
        web.get(camera + r"/runs/{run_ms:\d{1,16}}.mp4", handlers.init),
        web.get(camera + r"/segments/{start_ms:\d{1,16}}.m4s", handlers.segment),
    ]


class _Handlers:
    def __init__(self, looking: Looking) -> None:
        self._looking = looking

    async def status(self, request: web.Request) -> web.Response:
        return await _json(await self._looking.status())

    async def metrics(self, request: web.Request) -> web.Response:
        """For Prometheus; with the guards of every page."""
        openmetrics = accepts_openmetrics(request.headers.get(hdrs.ACCEPT, ""))
        if self._looking.metrics is None:
            raise _gone("metrics")
        text = await self._looking.metrics.page(openmetrics=openmetrics)
        headers = {"Content-Type": OPENMETRICS if openmetrics else PLAIN, "Cache-Control": "no-store"}
        return web.Response(body=text.encode(), headers=headers)

    async def cameras(self, request: web.Request) -> web.Response:
        return await _json({"cameras": [await self._camera(camera) for camera in self._looking.names]})

    async def history(self, request: web.Request) -> web.Response:
        looking, camera = self._looking, await self._known(request)
        now_ms = looking.clock.now_ms()
        span = recent_or(request, now_ms, recent_ms=24 * HOUR_MS, longest_ms=LONGEST_HISTORY_MS)
        horizon = await looking.horizon_ms(camera)
        body = {
            "camera": camera,
            "name": looking.names.get(camera, ""),
            "from_ms": span.from_ms,
            "to_ms": span.to_ms,
            "horizon_ms": horizon,
            "segments": await looking.history.segments(camera, span.from_ms, span.to_ms, horizon),
            "gaps": _behind(horizon, await looking.history.gaps(camera, span.from_ms, span.to_ms)),
            "events": await looking.history.events(camera, span.from_ms, span.to_ms, horizon),
        }
        return await _json(body)

    async def erasures(self, request: web.Request) -> web.Response:
        camera = await self._known(request)
        span = history_asked(request)
        lines = await self._looking.history.erasures(camera, _LEDGER_LINES, span)
        return await _json({"camera": camera, "erasures": lines})

    async def playlist(self, request: web.Request) -> web.Response:
        camera = await self._known(request)
        span = span_of(request, self._looking.clock.now_ms(), longest_ms=LONGEST_PLAYLIST_MS)
        segments = await self._looking.segments(camera, span)
        addresses, ended = _addresses(request), not span.grows
        text = await asyncio.to_thread(media_playlist, segments, addresses, ended=ended)
        return _answer(text.encode(), "application/vnd.apple.mpegurl")

    async def clip(self, request: web.Request) -> web.StreamResponse:
        camera = await self._known(request)
        span = span_of(request, self._looking.clock.now_ms(), longest_ms=LONGEST_PLAYLIST_MS)
        return await send_clip(request, self._looking, camera, span)

    async def init(self, request: web.Request) -> web.Response:
        """Not masked: it holds no picture, and goes with its run's last segment."""
        camera, run_ms = await self._known(request), moment_in_path(request, "run_ms")
        try:
            return _answer(await self._looking.history.read_init(camera, run_ms), "video/mp4")
        except FileNotFoundError as error:
            raise _gone(f"run {run_ms}") from error

    async def segment(self, request: web.Request) -> web.Response:
        camera, start_ms = await self._known(request), moment_in_path(request, "start_ms")
        segment = await self._looking.segment(camera, start_ms)
        if segment is None:
            raise _gone(f"segment {start_ms}")
        try:
            return _answer(await self._looking.history.read_segment(segment), "video/mp4")
        except FileNotFoundError as error:
            raise _gone(f"segment {start_ms}") from error

    async def _known(self, request: web.Request) -> str:
        return await self._looking.known(request.match_info["camera"])

    async def _camera(self, camera: str) -> dict[str, object]:
        looking = self._looking
        horizon, state = await looking.horizon_ms(camera), looking.board.states.get(camera)
        span = await looking.history.span(camera, horizon)
        return {
            "camera": camera,
            "name": looking.names[camera],
            "state": state.state if state else "",
            "since_ms": state.since_ms if state else None,
            "text": state.text if state else "",
            "facts": looking.board.facts.get(camera, CameraFacts()),
            "horizon_ms": horizon,
            "from_ms": span[0] if span else None,
            "to_ms": span[1] if span else None,
        }


def _addresses(request: web.Request) -> Addresses:
    """Relative to the playlist; a player that came with the token goes on with it."""
    token = f"?{urlencode({'token': request.query['token']})}" if "token" in request.query else ""
    return Addresses(
        init=lambda run_ms: f"runs/{run_ms}.mp4{token}",
        segment=lambda start_ms: f"segments/{start_ms}.m4s{token}",
    )


def _behind(horizon_ms: int | None, gaps: Sequence[Gap]) -> list[Gap]:
    """Gaps as far as the history reaches: what lies before the horizon is neither recorded nor missing."""
    if horizon_ms is None:
        return list(gaps)
    return [
        Gap(max(gap.from_ms, horizon_ms), gap.to_ms, gap.reason) for gap in gaps if gap.to_ms > horizon_ms
    ]


def _gone(what: str) -> Problem:
    return Problem(404, "Not in the history", f"There is no {what}: it never was, or it has left the history")


async def _json(body: object) -> web.Response:
    """In a thread: a week of a camera is 60,000 segments."""
    text = await asyncio.to_thread(lambda: json.dumps(write(body), ensure_ascii=False))
    return _answer(text.encode(), "application/json")


def _answer(body: bytes, content_type: str) -> web.Response:
    return web.Response(body=body, content_type=content_type, headers={"Cache-Control": "no-store"})
