"""Runs a campaign as a program of its own, in a mount namespace, and takes over what it found."""

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

from faulting.findings import Findings
from faulting.nursery import SCRIPTS
from stage.process import Failed


async def run_in_namespace(command: list[str], say: Callable[[str], None]) -> Findings:
    """What such a program found; what it says meanwhile is passed on."""
    folders = [str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        limit=1 << 22,
    )
    assert process.stdout is not None
    said: dict[str, Any] = {}
    async for line in process.stdout:
        said = json.loads(line)
        if "say" in said:
            say(str(said["say"]))
    if await process.wait() != 0:
        raise Failed(f"{' '.join(command)} failed: its files say more")
    return Findings.from_json(said)
