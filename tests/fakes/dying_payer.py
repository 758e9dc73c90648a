"""Pays once and kills itself (SIGKILL) at a step: `python -m fakes.dying_payer FOLDER KILL_AT`.

Steps are the moments around every transaction and before every commit. What it answers is printed; a process
that had fewer steps than that ends by itself.
"""

import asyncio
import sys
from pathlib import Path

from backsight_cloud.adapters.database.opening import open_database
from fakes.clock import FakeClock
from fakes.dying_cloud import SteppingDatabase, Steps
from fakes.payer import ask, pay_in_one_transaction, paying_app


async def pay(folder: Path, kill_at: int) -> None:
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database:
        stepping = SteppingDatabase(database, Steps(kill_at))
        app = paying_app(stepping, FakeClock(), folder / "provider")  # type: ignore[arg-type]
        said = await ask(app, pay_in_one_transaction)
        print(said.status, said.body, flush=True)


if __name__ == "__main__":
    asyncio.run(pay(Path(sys.argv[1]), int(sys.argv[2])))
