"""`backsight-agent run`: the agent itself, until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import faulthandler
import logging
import os
import signal
from functools import partial

from backsight_agent.adapters.notify_socket import service_manager
from backsight_agent.app import run_agent
from backsight_agent.config import Settings, load
from backsight_agent.ports import StoreFailed, StoreFull
from backsight_shared.clock import SystemClock
from backsight_shared.errors import TryLater
from backsight_shared.log_lines import about

STOP_S = 20.0  # seconds; finishing segments and closing connections may take that long, then we go

log = logging.getLogger(__name__)


class EndedByItself(TryLater):
    """Every task stopped, though nobody asked for it."""


def main(wanted: argparse.Namespace) -> int:
    """0 after a signal; an agent that cannot begin raises."""
    faulthandler.enable()  # a watchdog sends SIGABRT: where each thread was is then logged
    asyncio.run(_run_until_told(load(wanted.config)))
    return 0


async def _run_until_told(settings: Settings) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    work = about(partial(run_agent, settings, SystemClock(), service_manager()), hub=settings.name)
    agent = asyncio.ensure_future(work())
    waiting = asyncio.ensure_future(told.wait())
    await asyncio.wait({agent, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if agent.done():
        _raise_why(agent, settings)
        raise EndedByItself("every task has stopped; the lines above say why")
    await _stop(agent)


def _raise_why(agent: asyncio.Future[None], settings: Settings) -> None:
    try:
        agent.result()
    except (StoreFailed, StoreFull) as error:
        raise type(error)(f"the history in {settings.state} cannot be opened: {error}") from error


async def _stop(agent: asyncio.Future[None]) -> None:
    log.info("stopping: the last segments are finished")
    agent.cancel()
    done, _ = await asyncio.wait({agent}, timeout=STOP_S)
    if not done:
        log.error(
            "not everything ended within %.0f s; what is unfinished is recovered at the next start", STOP_S
        )
        logging.shutdown()
        os._exit(1)
    if not agent.cancelled() and (error := agent.exception()):
        raise error
