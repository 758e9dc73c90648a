"""Moves an account's money and kills itself (SIGKILL) at a step: `python -m fakes.dying_cashier SCENARIO`.

Each line of its input is one life, "FOLDER KILL_AT" (`fakes/forked.py`); FOLDER is as
`fakes.crash_stage.prepared` left it. One that has fewer steps than that ends by itself.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fakes.crash_stage import Scenario
from fakes.dying_cloud import Steps
from fakes.forked import serve_lives
from fakes.scenes_of_money import SCENARIOS
from fakes.town_of_payers import local_ms, payers


async def live(scenario: Scenario, words: Sequence[str]) -> None:
    folder, kill_at = words
    async with payers(Path(folder), scenario.at, Steps(int(kill_at)), on_disk=True) as town:
        await scenario.act(town)
        await town.live_until_ms(local_ms(scenario.at))


if __name__ == "__main__":
    asked = next(one for one in SCENARIOS if one.name == sys.argv[1])
    serve_lives(partial(live, asked))
