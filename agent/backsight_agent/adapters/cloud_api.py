"""The cloud's HTTPS side for a paired hub: implements the port CloudApi, and renewing a certificate."""

import asyncio
import ssl
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import aiohttp
from yarl import URL

from backsight_agent.adapters.cloud_body import Limit, PacedBody, Patience
from backsight_agent.adapters.cloud_http import Answer, BadAddress, CloudNotTrusted, ask, safe_address, trust
from backsight_agent.adapters.hub_token import HubToken
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.ports import AnswerLost, CloudRefusedHub, CloudUnavailable
from backsight_shared import shapes
from backsight_shared.clock import Clock
from backsight_shared.wire import (
    Batch,
    CamerasAnswer,
    CamerasReport,
    Certificate,
    Commits,
    EventsAnswer,
    EventsReport,
    Place,
    Places,
    RenewRequest,
)

CONFIRMS_WITHIN_S = 10.0  # seconds; a time that was longer on its way confirms nothing
STALL_S = 60.0  # seconds without progress; then an upload is given up and tried again, however slow the link
_PUT_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=120)  # read: once all is sent
_CONNECTIONS = 8

T = TypeVar("T")


class LearnsTime(Protocol):
    """Who is told what time it is by the cloud."""

    def confirm(self, cloud_time_ms: int) -> None: ...


class HttpCloud:
    """One session with the cloud, open inside `async with`."""

    def __init__(self, keystore: Keystore, clock: Clock, time: LearnsTime) -> None:
        paired = keystore.pairing()
        self._clock = clock
        self._time = time
        self._limit = Limit(None, clock)
        self._base = safe_address(paired.url)
        self._own_ca = keystore.cloud_ca_file if paired.own_ca else None
        self._token = HubToken(keystore.private_key_pem(), paired.hub, paired.cloud, clock)

    async def __aenter__(self) -> Self:
        self._cloud_trust = await asyncio.to_thread(trust, self._own_ca)
        self._store_trust = await asyncio.to_thread(trust, None) if self._own_ca else self._cloud_trust
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def limit_to(self, bytes_per_s: float | None) -> None:
        """From now on all uploads together take no more than this in a second; None: as fast as it goes."""
        self._limit = Limit(bytes_per_s, self._clock)

    async def report_cameras(self, report: CamerasReport) -> CamerasAnswer:
        return await self._call("PUT", "v1/hub/cameras", report, CamerasAnswer)

    async def places(self, batch: Batch) -> Places:
        places = await self._call("POST", "v1/hub/uploads", batch, Places)
        _refuse_short(batch, len(places.runs), len(places.segments))
        return places

    async def put(self, place: Place, data: bytes) -> None:
        """Send the bytes to their place; its address is the permission: no token goes with it."""
        url, context = self._address(place)
        patience = Patience(STALL_S)
        body = PacedBody(data, self._limit, patience)
        try:
            async with patience.lasting():
                answer = await self._ask("PUT", url, context, data=body, timeout=_PUT_TIMEOUT)
        except TimeoutError as error:
            raise CloudUnavailable(f"an upload to {url.host} stood still for {STALL_S:.0f} s") from error
        except CloudUnavailable as error:
            raise AnswerLost(str(error)) if body.is_out else error from error.__cause__
        if not 200 <= answer.status < 300:
            raise CloudUnavailable(f"{url.host} did not take an upload (it answered {answer.status})")

    async def commits(self, batch: Batch) -> Commits:
        commits = await self._call("POST", "v1/hub/commits", batch, Commits)
        _refuse_short(batch, len(commits.runs), len(commits.segments))
        return commits

    async def events(self, report: EventsReport) -> EventsAnswer:
        answer = await self._call("POST", "v1/hub/events", report, EventsAnswer)
        if len(answer.events) != len(report.events):
            raise CloudUnavailable("the cloud's answer does not fit what it was told")
        return answer

    async def renew(self, csr_pem: str) -> Certificate:
        """A new certificate for the same key. Raises CloudUnavailable or CloudRefusedHub."""
        return await self._call("POST", "v1/hub/renew", RenewRequest(csr_pem), Certificate)

    async def _call(self, method: str, path: str, message: object, shape: type[T]) -> T:
        """Ask with our token; once more, with a corrected token, when our clock is what was wrong."""
        token = self._token.current()
        answer = await self._ask_as_hub(method, path, message, token)
        if answer.status in (401, 403) and self._token.correct(token, answer.time_ms):
            answer = await self._ask_as_hub(method, path, message, self._token.current())
        if answer.status in (401, 403):
            raise CloudRefusedHub(_refusal(answer))
        if not 200 <= answer.status < 300:
            said = answer.detail()
            raise CloudUnavailable(f"the cloud answered {answer.status}" + (f": {said}" if said else ""))
        return answer.shaped(shape)

    async def _ask_as_hub(self, method: str, path: str, message: object, token: str) -> Answer:
        asked = self._clock.monotonic()
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._ask(
            method, self._base / path, self._cloud_trust, json=shapes.write(message), headers=headers
        )
        quick = self._clock.monotonic() - asked <= CONFIRMS_WITHIN_S
        if answer.time_ms is not None and quick:
            self._time.confirm(answer.time_ms)
        return answer

    async def _ask(self, method: str, url: URL, context: ssl.SSLContext, **given: Any) -> Answer:
        """Distrust may pass (a portal, a lapsed certificate): for a paired hub it is one more outage."""
        try:
            return await ask(self._session, method, url, context, **given)
        except CloudNotTrusted as error:
            raise CloudUnavailable(str(error)) from error

    def _address(self, place: Place) -> tuple[URL, ssl.SSLContext]:
        try:
            url = self._base.join(URL(place.url, encoded=True))
            safe_address(str(url))
        except (BadAddress, ValueError) as error:
            raise CloudUnavailable("the cloud gave a place to upload to that is no safe address") from error
        return url, self._cloud_trust if url.origin() == self._base.origin() else self._store_trust


def _refuse_short(batch: Batch, runs: int, segments: int) -> None:
    if (runs, segments) != (len(batch.runs), len(batch.segments)):
        raise CloudUnavailable("the cloud's answer does not fit what it was asked")


def _refusal(answer: Answer) -> str:
    said = answer.detail().rstrip(".") or f"it answered {answer.status}"
    return f"the cloud does not accept this hub ({said}): if it was unpaired there, pair it anew"
