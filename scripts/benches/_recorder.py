"""Records one simulated camera with the real source, muxer and store, in a process of its own.

Started by `benches.recording`; reads what to do as JSON from the command line, and prints its memory as JSON
when it has begun to record and again when it is told to stop.
"""

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Any

from backsight_agent.adapters.multipart_stream import MultipartSource
from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.adapters.rtsp_stream import RtspSource
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.camera_ports import Source
from backsight_agent.domain.login import Login
from backsight_agent.domain.states import Board, State
from backsight_agent.tasks.record import record_forever
from backsight_shared.clock import SystemClock
from backsight_shared.segment import camera_id

PAGE_KIB = 4


async def _record(camera: dict[str, Any], folder: Path) -> None:
    clock, name, stop = SystemClock(), camera_id(camera["mac"]), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    board = Board((name,), clock)
    async with open_store(folder, clock) as store:
        _say_memory()
        task = asyncio.ensure_future(
            record_forever(name, _source(camera), AvMuxers(), store.recordings, board, clock)
        )
        while board.states[name].state is not State.RECORDING:
            await board.changed.wait()
            board.changed.clear()
        _say_memory()
        await stop.wait()
        task.cancel()
        await asyncio.wait([task])
        _say_memory()


def _source(camera: dict[str, Any]) -> Source:
    logins, ports, clock = camera["logins"], camera["ports"], SystemClock()
    if camera["family"] == "kasa":
        login = Login(logins["email"], logins["password"])
        return MultipartSource(camera["address"], ports["stream"], login, clock)
    login = Login(logins["camera_user"], logins["camera_password"])
    return RtspSource(camera["address"], ports["rtsp"], "/stream1", login, clock)


def _say_memory() -> None:
    """Resident memory that is this process's own, not the libraries' files."""
    gc.collect()
    fields = Path("/proc/self/statm").read_text().split()
    print(json.dumps({"own_mib": (int(fields[1]) - int(fields[2])) * PAGE_KIB / 1024}), flush=True)


if __name__ == "__main__":
    asyncio.run(_record(json.loads(sys.argv[1]), Path(sys.argv[2])))
