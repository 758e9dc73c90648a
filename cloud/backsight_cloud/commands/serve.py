"""`serve`: run the service until a signal ends it."""

import argparse
import asyncio
import faulthandler
import json
import signal
from dataclasses import asdict

from backsight_cloud.adapters.listeners import Running
from backsight_cloud.adapters.notify_socket import service_manager
from backsight_cloud.app import serve
from backsight_cloud.config import Settings
from backsight_shared.clock import SystemClock


async def run(settings: Settings, arguments: argparse.Namespace) -> None:
    """SIGTERM and SIGINT cancel the root of the tree; everything then ends in order."""
    faulthandler.enable()  # a watchdog sends SIGABRT: where each thread was is then logged
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, told.set)

    def announce(running: Running) -> None:
        print(json.dumps(asdict(running)) if arguments.json else _text(running), flush=True)

    async with asyncio.TaskGroup() as tree:
        whole = serve(settings, SystemClock(), announce, service_manager())
        service = tree.create_task(whole, name="service")
        service.add_done_callback(lambda _: told.set())
        await told.wait()
        service.cancel()


def _text(running: Running) -> str:
    return (
        f"Backsight is at {running.http} for browsers on this machine, and at {running.https} for hubs\n"
        f"(they trust it by {running.ca}); its broker is {running.broker}."
    )
