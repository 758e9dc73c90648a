"""Pays for a plan and kills itself (SIGKILL) at a step: `python -m fakes.dying_cashier FOLDER KILL_AT`.

FOLDER is as `fakes.crash_stage.prepared` left it. A process that has fewer steps than that ends by itself.
"""

import asyncio
import sys
from pathlib import Path

from backsight_cloud.domain.billing.events import Subscribed
from backsight_cloud.domain.calendar import Cycle
from fakes.crash_stage import FRONT
from fakes.dying_cloud import Steps
from fakes.town_of_payers import ANNA, local_ms, payers

AT = "2026-02-10T10:00"


async def pay(folder: Path, kill_at: int) -> None:
    async with payers(folder, AT, Steps(kill_at), on_disk=True) as town:
        await town.plans.choose(ANNA, Subscribed("plus", Cycle.MONTH, FRONT), "", AT)
        await town.live_until_ms(local_ms(AT))


if __name__ == "__main__":
    asyncio.run(pay(Path(sys.argv[1]), int(sys.argv[2])))
