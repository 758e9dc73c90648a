"""Moves an account's money and kills itself (SIGKILL) at a step: `python -m fakes.dying_cashier SCENARIO`.

Each line of its input is one life, "FOLDER KILL_AT", forked, so that it costs no imports; FOLDER is as
`fakes.crash_stage.prepared` left it. How it ended is printed: -9, or 0 if it has fewer steps than that.
"""

import asyncio
import os
import sys
from pathlib import Path

from fakes.crash_stage import Scenario
from fakes.dying_cloud import Steps
from fakes.scenes_of_money import SCENARIOS
from fakes.town_of_payers import local_ms, payers


async def live(scenario: Scenario, folder: Path, kill_at: int) -> None:
    async with payers(folder, scenario.at, Steps(kill_at), on_disk=True) as town:
        await scenario.act(town)
        await town.live_until_ms(local_ms(scenario.at))


def fork(scenario: Scenario, folder: Path, kill_at: int) -> int:
    child = os.fork()
    if child == 0:
        asyncio.run(live(scenario, folder, kill_at))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    asked = next(one for one in SCENARIOS if one.name == sys.argv[1])
    for line in sys.stdin:
        folder_text, kill_text = line.split()
        print(fork(asked, Path(folder_text), int(kill_text)), flush=True)
