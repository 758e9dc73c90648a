"""Keeps figures: as JSON, and as the Markdown table that is read, with the machine they were taken on."""

import json
import os
import platform
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "docs/benchmarks.json"
PAGE = ROOT / "docs/benchmarks.md"
BUDGETS = Path(__file__).with_name("budgets.toml")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

Figure = Mapping[str, Any]


def keep(figures: Iterable[Figure]) -> None:
    """Replace what was kept of these measurements, and write the page's table anew."""
    fresh = [dict(one) for one in figures]
    again = {one["bench"] for one in fresh}
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {"figures": []}
    stamp = {"at": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": machine()}
    kept = [one for one in known["figures"] if one["bench"] not in again]
    kept += [one | stamp for one in fresh]
    kept.sort(key=lambda one: one["bench"])
    FIGURES.write_text(json.dumps({"figures": kept}, indent=1) + "\n")
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(kept)}\n{END}{after}")


def table(figures: Iterable[Figure]) -> str:
    """The figures with their budgets and, where one ran in the same run, the peer."""
    budgets = tomllib.loads(BUDGETS.read_text())
    lines = [
        "| `scripts/bench` | figure | value | budget | a peer in the same run |",
        "|---|---|---|---|---|",
    ]
    last = ""
    for one in figures:
        name = "" if one["bench"] == last else one["bench"]
        last = one["bench"]
        budget = budgets.get(one["bench"], {}).get(one["figure"], "")
        peer = f"{one['ratio']} x {one['peer']}" if "ratio" in one else one.get("peer", "")
        lines.append(
            f"| {name} | {one['figure']} | {_shown(one['value'])} {one['unit']} | {budget} | {peer} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """What the figures were taken on, without its name."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {system}"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
