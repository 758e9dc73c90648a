"""Listens for HTTP and HTTPS with one application, and says where."""

import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from aiohttp import web

from backsight_cloud.adapters.secret_files import write_private
from backsight_shared.errors import NeedsAttention
from backsight_shared.settings import Listen

KEEPALIVE_S = 75.0  # seconds; also the longest that a client may take to send its request's head
ENDING_S = 5.0  # seconds that requests have to end when the service stops


class CannotListen(NeedsAttention):
    """An address cannot be listened on."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where a running service is reached; kept in `running.json` while it runs."""

    pid: int
    http: str
    https: str
    broker: str
    ca: str  # file with the certificate that hubs trust by `--ca`
    metrics: str = ""  # empty: there is no such page


@asynccontextmanager
async def listening(
    site: web.Application, http: Listen, https: Listen, context: ssl.SSLContext
) -> AsyncIterator[None]:
    """Serve inside the block. Raises CannotListen."""
    runner = web.AppRunner(
        site,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        shutdown_timeout=ENDING_S,
    )
    await runner.setup()
    try:
        await _listen(runner, http, None)
        await _listen(runner, https, context)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, listen: Listen, context: ssl.SSLContext | None) -> None:
    try:
        await web.TCPSite(runner, listen.host, listen.port, ssl_context=context).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(f"cannot listen on {listen.host}:{listen.port}: {reason}") from error


def url(scheme: str, host: str, port: int) -> str:
    """An address as it is written; IPv6 in brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def write_running(file: Path, running: Running) -> None:
    write_private(file, json.dumps(asdict(running)).encode())


def read_running(file: Path) -> Running | None:
    """Where the service that runs now is reached; None when none does."""
    try:
        running = Running(**json.loads(file.read_bytes()))
        os.kill(running.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return running


def forget_running(file: Path) -> None:
    file.unlink(missing_ok=True)
