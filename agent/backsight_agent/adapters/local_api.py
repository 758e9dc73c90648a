"""The agent's own HTTP API: state, history, playback and clips, on loopback unless the owner opens it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from backsight_agent.adapters.local_access import check_host, check_token
from backsight_agent.adapters.local_erasing import LocalErasing, erasing_routes
from backsight_agent.adapters.local_looking import Looking
from backsight_agent.adapters.local_problems import answer_problems
from backsight_agent.adapters.local_routes import routes
from backsight_agent.adapters.private_files import remove_private, write_private
from backsight_shared.errors import NeedsAttention, TryLater

SHUTDOWN_S = 2.0  # seconds; a download in progress may hold up the agent's end no longer
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach us when we listen everywhere


class CannotListen(TryLater):
    """The address is taken, or is none of this machine's."""


@dataclass(frozen=True, slots=True)
class LocalApiSettings:
    """Where to listen. `lan` needs a token; without it only loopback addresses will do."""

    host: str = "127.0.0.1"
    port: int = 8480
    lan: bool = False
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.lan and not self.token:
            raise NeedsAttention("[local_api] lan = true needs a token_file")
        if not self.lan and not _is_loopback(self.host):
            raise NeedsAttention(f"[local_api] {self.host} is not this machine alone: set lan = true")


async def serve_local(
    settings: LocalApiSettings, looking: Looking, running_file: Path, erasing: LocalErasing | None = None
) -> None:
    """Serve until cancelled; `running_file` says where, as JSON, while it does. Raises CannotListen."""
    async with listening(settings, looking, erasing) as url:
        content = json.dumps({"url": url}).encode() + b"\n"
        written = asyncio.ensure_future(asyncio.to_thread(write_private, running_file, content))
        try:
            await asyncio.shield(written)
            await asyncio.Event().wait()
        finally:
            await asyncio.wait([written], timeout=SHUTDOWN_S)
            await asyncio.to_thread(remove_private, running_file)


@asynccontextmanager
async def listening(
    settings: LocalApiSettings, looking: Looking, erasing: LocalErasing | None = None
) -> AsyncIterator[str]:
    """The running API; its address. No access log: addresses may carry the token."""
    app = make_app(settings, looking, erasing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            way_out = "stop what listens there, or change [local_api] listen"
            raise CannotListen(f"Cannot listen at {where} ({error.strerror}): {way_out}") from error
        yield _url(settings.host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


def make_app(
    settings: LocalApiSettings, looking: Looking, erasing: LocalErasing | None = None
) -> web.Application:
    """The application with its guards."""
    guards = [answer_problems, check_host(lan=settings.lan)]
    if settings.token:
        guards.append(check_token(settings.token))
    app = web.Application(middlewares=guards)
    app.add_routes([*routes(looking), *erasing_routes(looking, erasing)])
    return app


def _url(host: str, port: int) -> str:
    host = LOOPBACK.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
