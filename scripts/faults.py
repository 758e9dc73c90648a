"""Kills, full disks, power cuts, wrong clocks, broken networks; and a checker that trusts nobody."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from faulting.findings import MOST_SHOWN, Findings, table, told_as_json
from faulting.kinds import KINDS, run_kinds


def main() -> int:
    """0 when every promise was kept, 1 when one was broken: named with the step of the plan that broke it."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="for all kinds together (20)")
    parser.add_argument("--seed", type=int, default=1, help="plans the same again (1)")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"some of {', '.join(KINDS)}")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quiet", action="store_true", help="do not print the plan while it is carried out")
    parser.add_argument("--keep", metavar="FOLDER", help="keep files and logs there")
    wanted = parser.parse_args()
    kinds = [kind.strip() for kind in wanted.kinds.split(",") if kind.strip()]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        parser.error(f"no kind is called {', '.join(unknown)}; there are {', '.join(KINDS)}")
    folder = Path(wanted.keep or tempfile.mkdtemp(prefix="backsight-faults-")).absolute()
    began = time.monotonic()

    def say(text: str) -> None:
        if not wanted.quiet:
            print(f"[{time.monotonic() - began:6.1f} s] {text}", file=sys.stderr, flush=True)

    found = asyncio.run(run_kinds(kinds, folder, wanted.seed, wanted.minutes * 60, say))
    _print(found, as_json=wanted.json)
    is_well = all(one.ok for one in found)
    if is_well and not wanted.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"faults: files and logs are in {folder}", file=sys.stderr)
    return 0 if is_well else 1


def _print(found: list[Findings], *, as_json: bool) -> None:
    if as_json:
        for line in told_as_json(found):
            print(line)
        return
    print(table(found))
    for one in found:
        if one.skipped:
            print(f"\n{one.kind} was skipped: {one.skipped}")
        for note in one.notes:
            print(f"\n{one.kind}: {note}")
        for broken in one.broken[:MOST_SHOWN]:
            print(f"\nBROKEN, {one.kind}: {broken.promise}\n  by {broken.what}\n  in {broken.plan}")
        if len(one.broken) > MOST_SHOWN:
            print(f"\n... and {len(one.broken) - MOST_SHOWN} more of {one.kind} (--json has them)")


if __name__ == "__main__":
    sys.exit(main())
