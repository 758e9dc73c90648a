"""A small real HTTPS server that speaks as the cloud does to its hubs, over a FakeCloud."""

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backsight_shared import shapes
from backsight_shared.errors import Malformed
from backsight_shared.signing import BadSignature, SigningKey, hub_of_token, verify_hub_token
from backsight_shared.wire import (
    TIME_HEADER,
    Batch,
    CamerasReport,
    Certificate,
    Pairing,
    PairRequest,
    Place,
    RenewRequest,
)
from fakes.certificates import TestAuthority
from fakes.clock import FakeClock
from fakes.cloud import FakeCloud

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class CloudServer:
    """What a test may look at and change while it serves."""

    clock: FakeClock = field(default_factory=FakeClock)
    cloud: FakeCloud = field(default_factory=FakeCloud)
    authority: TestAuthority = field(default_factory=TestAuthority)
    key: SigningKey = field(default_factory=SigningKey.generate)
    codes: dict[str, str] = field(default_factory=dict)  # code: why it is refused, or nothing
    public_key_pem: bytes = b""
    url: str = ""
    instead: Handler | None = None  # answers instead of everything
    says_time: bool = True
    calls: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    pair_requests: list[PairRequest] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self, context: ssl.SSLContext | None) -> AsyncIterator["CloudServer"]:
        app = web.Application(middlewares=[self._always], client_max_size=2**26)
        app.router.add_post("/v1/hub/pair", self._pair)
        app.router.add_post("/v1/hub/renew", self._renew)
        app.router.add_put("/v1/hub/cameras", self._cameras)
        app.router.add_post("/v1/hub/uploads", self._uploads)
        app.router.add_post("/v1/hub/commits", self._commits)
        app.router.add_put("/v1/objects/{key:.+}", self._put)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
            yield self
        finally:
            await runner.cleanup()

    @property
    def pairing_broker(self) -> tuple[str, int]:
        return "127.0.0.1", 8883

    @web.middleware
    async def _always(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        self.tokens.append(request.headers.get("Authorization", ""))
        try:
            answer = await (self.instead or handler)(request)
        except (BadSignature, Malformed) as error:
            answer = problem(401 if isinstance(error, BadSignature) else 400, str(error))
        if self.says_time and not answer.prepared:
            answer.headers.setdefault(TIME_HEADER, str(self.clock.now_ms()))
        return answer

    async def _pair(self, request: web.Request) -> web.Response:
        asked = shapes.read(PairRequest, await request.json())
        self.pair_requests.append(asked)
        if refusal := self.codes.get(asked.code, "no such code"):
            return problem(403, refusal)
        self.codes[asked.code] = "this code was used already"
        self.public_key_pem = _public_key(asked.csr_pem)
        host, port = self.pairing_broker
        certificate = self.authority.certify(asked.csr_pem, "hub-1")
        keys = (self.key.to_public_jwk(),)
        pairing = Pairing("cloud-1", "hub-1", certificate, self.authority.pem, host, port, keys)
        return _json(pairing, status=201)

    async def _renew(self, request: web.Request) -> web.Response:
        self._check(request)
        asked = shapes.read(RenewRequest, await request.json())
        return _json(Certificate(self.authority.certify(asked.csr_pem, "hub-1"), self.authority.pem))

    async def _cameras(self, request: web.Request) -> web.Response:
        self._check(request)
        return _json(await self.cloud.report_cameras(shapes.read(CamerasReport, await request.json())))

    async def _uploads(self, request: web.Request) -> web.Response:
        self._check(request)
        places = await self.cloud.places(shapes.read(Batch, await request.json()))
        written = shapes.write(places)
        for place in [*written["runs"], *written["segments"]]:
            place["url"] = f"/v1/objects/{place['url']}?size=1&signature=a%2Bb" if place["url"] else ""
        return web.json_response(written)

    async def _commits(self, request: web.Request) -> web.Response:
        self._check(request)
        return _json(await self.cloud.commits(shapes.read(Batch, await request.json())))

    async def _put(self, request: web.Request) -> web.Response:
        if request.query.get("signature") != "a+b" or request.content_length is None:
            return problem(403, "not signed")
        await self.cloud.put(Place("put", request.match_info["key"]), await request.read())
        return web.Response(status=201)

    def _check(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        assert hub_of_token(token) == "hub-1"
        verify_hub_token(token, self.public_key_pem, "cloud-1", self.clock.now_ms() // 1000)


def problem(status: int, detail: str) -> web.Response:
    """An error as the cloud tells it."""
    body = json.dumps({"type": "about:blank", "title": "Refused", "status": status, "detail": detail})
    return web.Response(status=status, text=body, content_type="application/problem+json")


def _json(message: object, status: int = 200) -> web.Response:
    return web.json_response(shapes.write(message), status=status)


def _public_key(csr_pem: str) -> bytes:
    key = x509.load_pem_x509_csr(csr_pem.encode()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
