"""Erases from the local API: only for a program on this machine, and only what it was told before would go.

A web page can make a browser send a simple request to this address. So a request has to say that its body is
JSON, which a browser sends to another site only after asking, and we answer no such question; and a request
that says it comes from a page is refused in any case.
"""

import asyncio
import ipaddress
import json
from dataclasses import dataclass

from aiohttp import hdrs, web

from backsight_agent.adapters.local_looking import HOUR_MS, Looking
from backsight_agent.adapters.local_problems import Problem
from backsight_agent.domain.ledger import Reason
from backsight_agent.ports import Retention
from backsight_shared.erased import ErasedSpan, Wanted, span_to_erase
from backsight_shared.errors import Malformed
from backsight_shared.shapes import read, write

_PIECE_MS = 24 * HOUR_MS  # of the history counted at once

_FROM_A_PAGE = (hdrs.ORIGIN, "Sec-Fetch-Site")


@dataclass(frozen=True, slots=True)
class LocalErasing:
    """What is needed to do it."""

    retention: Retention
    sweep: asyncio.Event  # set when files are to be unlinked
    paired: bool  # then the cloud may have a copy, which stays


@dataclass(frozen=True, slots=True)
class _Erase:
    """The body. Without `really` it is only said what would go."""

    from_ms: int | None = None
    to_ms: int | None = None
    everything: bool = False
    really: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """`cloud_copy`: what the cloud has of it stays there. `later_ms`: so far reaches what is dated later."""

    camera: str
    erased: bool
    from_ms: int
    to_ms: int
    count: int
    size_bytes: int
    cloud_copy: bool
    later_ms: int | None


def erasing_routes(looking: Looking, erasing: LocalErasing | None) -> list[web.RouteDef]:
    """The one address that changes something; none where nothing can be changed."""
    if erasing is None:
        return []
    handler = _Handler(looking, erasing)
    return [web.post("/cameras/{camera}/erase", handler.erase)]


class _Handler:
    def __init__(self, looking: Looking, erasing: LocalErasing) -> None:
        self._looking, self._erasing = looking, erasing

    async def erase(self, request: web.Request) -> web.Response:
        """Say what would go, or take it."""
        _refuse_others(request)
        asked = await _read(request)
        camera = await self._looking.known(request.match_info["camera"])
        now_ms = self._looking.time.trusted_now_ms()
        if now_ms is None:
            raise Problem(
                409, "The clock is in doubt", "Nothing is erased until the hub knows the time: see /status"
            )
        span = span_to_erase(_wanted(asked), await self._looking.horizon_ms(camera), now_ms)
        if span is None:
            raise Problem(422, "Nothing to erase", "There is no history in this span: over, or still to come")
        count, size_bytes = await self._take(camera, span, now_ms, really=asked.really)
        answer = await self._answer(camera, span, count, size_bytes, erased=asked.really)
        text = json.dumps(write(answer), ensure_ascii=False)
        return web.json_response(text=text, headers={"Cache-Control": "no-store"})

    async def _take(self, camera: str, span: ErasedSpan, now_ms: int, *, really: bool) -> tuple[int, int]:
        if not really:
            return await self._extent(camera, span)
        reason, retention = Reason.OWNER.value, self._erasing.retention
        erased = await retention.erase_span(camera, span.from_ms, span.to_ms, reason, now_ms)
        self._erasing.sweep.set()
        return erased.count, erased.size_bytes

    async def _extent(self, camera: str, span: ErasedSpan) -> tuple[int, int]:
        """Day by day, so that a month is never in memory at once."""
        history, horizon = self._looking.history, await self._looking.horizon_ms(camera)
        oldest = await history.span(camera, horizon)
        if oldest is None:
            return 0, 0
        count = size_bytes = 0
        begins = max(span.from_ms, oldest[0])
        for at_ms in range(begins, span.to_ms, _PIECE_MS):
            end_ms = min(at_ms + _PIECE_MS, span.to_ms)
            segments = await history.segments(camera, at_ms, end_ms, horizon)
            whole = [one for one in segments if at_ms == begins or one.start_ms >= at_ms]
            count += len(whole)
            size_bytes += sum(one.size_bytes for one in whole)
        return count, size_bytes

    async def _answer(
        self, camera: str, span: ErasedSpan, count: int, size_bytes: int, *, erased: bool
    ) -> _Answer:
        reaches = await self._looking.history.span(camera, await self._looking.horizon_ms(camera))
        later_ms = reaches[1] if reaches and reaches[1] > span.to_ms + HOUR_MS else None
        sums = count, size_bytes, self._erasing.paired
        return _Answer(camera, erased, span.from_ms, span.to_ms, *sums, later_ms)


def _refuse_others(request: web.Request) -> None:
    """Raises Problem for whoever is not a program on this machine."""
    if not _is_here(request.remote or ""):
        raise Problem(403, "Only on the hub itself", "Erasing is done by a program on the hub, not from afar")
    if any(name in request.headers for name in _FROM_A_PAGE):
        raise Problem(403, "Not from a web page", "Erasing is done with `backsight-agent erase`")
    if request.content_type != "application/json":
        raise Problem(415, "Not JSON", "The body must be JSON, and Content-Type application/json must say so")


def _is_here(address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


async def _read(request: web.Request) -> _Erase:
    try:
        return read(_Erase, json.loads(await request.read()), "body")
    except Malformed as error:
        raise Problem(400, "Not understood", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, "Not understood", "The body is not JSON") from error


def _wanted(asked: _Erase) -> Wanted:
    if asked.everything:
        if asked.from_ms is not None or asked.to_ms is not None:
            raise Problem(400, "Both", "everything: has neither from_ms nor to_ms")
        return Wanted()
    if asked.from_ms is None or asked.to_ms is None or not 0 <= asked.from_ms < asked.to_ms:
        detail = "from_ms, to_ms: two moments in UTC milliseconds, the first before the second; or everything"
        raise Problem(400, "No span", detail)
    return Wanted(asked.from_ms, asked.to_ms)
