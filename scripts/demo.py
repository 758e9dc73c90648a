"""Four simulated cameras, the cloud and a hub on this machine, for a person or (--check) as a proof."""

import argparse
import asyncio
import json
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from stage.cloud import EMAIL, PASSWORD
from stage.process import ROOT, Failed
from stage.proving import prove_all
from stage.whole import Plan, Whole, whole

FOLDER = ROOT / ".demo"  # kept between starts: the second demo goes on where the first one stopped
BLOCK = "127.83.1"  # the cameras' addresses, the same at each start, so that they are the same cameras
DASHBOARD_PORT = 8420


def main() -> int:
    """Exit 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="no person: prove it and print one line of JSON")
    parser.add_argument("--keep", metavar="FOLDER", help="with --check: keep its files and logs there")
    wanted = parser.parse_args()
    try:
        return asyncio.run(_check(wanted.keep) if wanted.check else _show())
    except (Failed, ExceptionGroup) as failure:
        for one in getattr(failure, "exceptions", [failure]):
            print(f"demo: {one}", file=sys.stderr)
        return 1


async def _check(keep: str | None) -> int:
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="backsight-check-") as folder:
        result: dict[str, Any] = await prove_all(Path(keep or folder), say)
    print(json.dumps(result))
    return 0 if result["ok"] else 1


async def _show() -> int:
    showing = asyncio.current_task()
    assert showing is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, showing.cancel)
    print("Starting four cameras, the cloud and a hub ...", flush=True)
    plan = Plan(FOLDER, http_listen=f"127.0.0.1:{_free_port(DASHBOARD_PORT)}", block=BLOCK)
    with suppress(asyncio.CancelledError):
        async with whole(plan) as running:
            _introduce(running)
            try:
                await asyncio.Event().wait()  # until Ctrl-C
            finally:
                print("\nStopping ...", flush=True)
    return 0


def _introduce(running: Whole) -> None:
    print(
        f"\n  Backsight is running ({running.started_s:.1f} s): {len(running.cameras)} cameras record.\n\n"
        f"    Dashboard   {running.cloud.addresses['http']}\n"
        f"    Sign in     {EMAIL}\n"
        f"    Password    {PASSWORD}\n\n"
        f"    The hub     {running.hub.url}/status\n"
        f"    A plan      .venv/bin/backsight-cloud --config {_short(running.cloud.config)}"
        f' plan set "{next(iter(running.names().values()))}" plus\n'
        f"    Logs        {_short(FOLDER)}\n\n"
        "  Ctrl-C stops all of it.",
        flush=True,
    )


def _short(path: Path) -> str:
    with suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _free_port(wanted: int) -> int:
    """The wanted port, or any free one when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
        return wanted


if __name__ == "__main__":
    sys.exit(main())
