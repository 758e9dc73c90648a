"""Runs the measurements in `scripts/benches/`: each module has `run()`, which gives its figures."""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    """Exit 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run; all when none is named")
    parser.add_argument("--list", action="store_true", help="name them and say what they measure")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--keep", action="store_true", help="keep the figures in docs/benchmarks.json and .md"
    )
    wanted = parser.parse_args()
    known = _known()
    unknown = [name for name in wanted.names if name not in known]
    if unknown:
        parser.error(f"no measurement is called {', '.join(unknown)}; there are {', '.join(known)}")
    if wanted.list:
        for name, about in known.items():
            print(f"{name:20} {about}")
        return 0
    found = []
    for name in wanted.names or known:
        for figure in _figures(name):
            print(json.dumps(figure) if wanted.json else _line(figure), flush=True)
            found.append(figure)
    if wanted.keep:
        importlib.import_module("benches._report").keep(found)
    return 0


def _known() -> dict[str, str]:
    folder = Path(__file__).parent / "benches"
    return {
        module.name: (importlib.import_module(f"benches.{module.name}").__doc__ or "").split("\n")[0]
        for module in pkgutil.iter_modules([str(folder)])
        if not module.name.startswith("_")
    }


def _figures(name: str) -> Iterator[dict[str, Any]]:
    yield from importlib.import_module(f"benches.{name}").run()


def _line(figure: dict[str, Any]) -> str:
    value = figure["value"]
    shown = f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
    peer = f"   {figure['ratio']:.2f} x {figure['peer']}" if "peer" in figure and "ratio" in figure else ""
    return f"{figure['bench']:14} {figure['figure']:56} {shown:>12} {figure['unit']}{peer}"


if __name__ == "__main__":
    sys.exit(main())
