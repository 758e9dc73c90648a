"""A program that uploads what waits in a hub's store until it is killed: for crash tests.

`python dying_uploader.py FOLDER CAMERA`: FOLDER is the state folder of a paired hub. Says `uploading`.
"""

import asyncio
import sys
from pathlib import Path

from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.domain.states import Board
from backsight_agent.tasks.upload import upload_forever
from backsight_shared.clock import SystemClock
from backsight_shared.entitlement import UploadPolicy


class Everything:
    """All of every camera may be uploaded."""

    def __init__(self) -> None:
        self.upload_changed = asyncio.Event()

    def upload(self, camera: str) -> UploadPolicy | None:
        return "all"


class Time:
    """Does not care."""

    def confirm(self, cloud_time_ms: int) -> None:
        """See above."""


async def _upload(folder: Path, camera: str) -> None:
    clock, online = SystemClock(), asyncio.Event()
    online.set()
    keystore = Keystore(folder)
    async with open_store(folder, clock) as store, HttpCloud(keystore, clock, Time()) as cloud:
        print("uploading", flush=True)
        board = Board((camera,), clock)
        await upload_forever((camera,), store.backlog, cloud, online, Everything(), board, clock)


if __name__ == "__main__":
    asyncio.run(_upload(Path(sys.argv[1]), sys.argv[2]))
