"""Listens for who reads the metrics, where cloud.toml says so; and reads what only this machine knows."""

import os
import resource
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from backsight_cloud.adapters.listeners import CannotListen
from backsight_shared.errors import NeedsAttention
from backsight_shared.process_figures import Machine, ProcessFigures, understood
from backsight_shared.settings import Listen

_PROC = Path("/proc/self")


class TokenUnreadable(NeedsAttention):
    """The file with the token for the page of metrics cannot be used."""


@asynccontextmanager
async def listening_for_metrics(site: web.Application, listen: Listen | None) -> AsyncIterator[None]:
    """Serve inside the block; nothing without an address. Raises CannotListen."""
    if listen is None:
        yield
        return
    runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, listen.host, listen.port).start()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CannotListen(f"cannot listen on {listen.host}:{listen.port}: {reason}") from error
        yield
    finally:
        await runner.cleanup()


def read_token(file: Path | None) -> str | None:
    """The token in its file. Raises TokenUnreadable."""
    if file is None:
        return None
    try:
        mode, token = file.stat().st_mode, file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenUnreadable(f"{file}: cannot be read: {getattr(error, 'strerror', error)}") from error
    if mode & 0o077:
        raise TokenUnreadable(f"{file}: can be read by others: chmod 600 {file}")
    if not token:
        raise TokenUnreadable(f"{file}: is empty (make one: openssl rand -hex 16 > {file})")
    return token


def disk_of(folder: Path) -> tuple[int, int]:
    """Free and total bytes. Blocks."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def own_process(now_ms: int) -> ProcessFigures | None:
    """What Linux says of this process; None where there is no /proc. Reads no disk."""
    most_fds = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    machine = Machine(os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"), most_fds)
    try:
        stat, uptime = (_PROC / "stat").read_text(), Path("/proc/uptime").read_text()
        open_fds = len(os.listdir(_PROC / "fd")) - 1  # noqa: PTH208 - one of them reads this very list
        return understood(stat, uptime, open_fds, machine, now_ms)
    except (OSError, ValueError, IndexError):
        return None
