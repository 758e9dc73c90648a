"""Fuzzes what the agent reads from cameras: streams in every framing, RTSP, discovery."""

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fuzzing.streams import Broke
from fuzzing.whole import fuzz_all


def main() -> int:
    """1 when something broke; the text says with which seed."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="of each target")
    parser.add_argument("--seed", type=int, default=1, help="the first round's")
    wanted = parser.parse_args()
    try:
        asyncio.run(_all(wanted.rounds, wanted.seed))
    except Broke as broke:
        print(f"broke: {broke}", file=sys.stderr)
        return 1
    return 0


async def _all(rounds: int, seed: int) -> None:
    async for result in fuzz_all(rounds, seed):
        ends = ", ".join(f"{count} {name}" for name, count in result.outcome.ends.most_common())
        grown = f"grown {result.outcome.grown_bytes / 1024:.0f} KiB"
        peak = f"peak {result.outcome.peak_bytes / 2**20:.1f} MiB"
        counts = f"{result.outcome.rounds} rounds, {result.outcome.gops} GOPs"
        print(f"{result.target:40} {counts}, {grown}, {peak}: {ends}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
