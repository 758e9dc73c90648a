"""What a campaign found: figures that are added up, and promises that were broken."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept: which, by what, and at which step of the plan."""

    promise: str
    what: str
    plan: str = ""


@dataclass
class Findings:
    """Counts by name; what is broken, in the order in which it was found."""

    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    values: dict[str, float] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: str = ""  # why this kind could not be tried here

    def add(self, name: str, count: int = 1) -> None:
        """Count something; with 0 it is listed as none."""
        self.counts[name] += count

    def most(self, name: str, value: float) -> None:
        """Keep the largest value of this name."""
        self.values[name] = max(value, self.values.get(name, value))

    def breaks(self, promise: str, what: str, plan: str = "") -> None:
        """Note a broken promise, once for each thing that it was broken by."""
        if (promise, what) not in {(one.promise, one.what) for one in self.broken}:
            self.broken.append(Broken(promise, what, plan))

    def took(self, other: "Findings") -> None:
        """Add another's to these."""
        self.counts.update(other.counts)
        self.values.update(other.values)
        self.broken += other.broken
        self.notes += other.notes

    @property
    def ok(self) -> bool:
        return not self.broken

    def to_json(self) -> dict[str, Any]:
        """For another process."""
        broken = [asdict(one) for one in self.broken]
        plain = {"kind": self.kind, "skipped": self.skipped, "notes": self.notes}
        return {**plain, "counts": dict(self.counts), "values": self.values, "broken": broken}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Findings":
        """As another process found."""
        broken = [Broken(**one) for one in said["broken"]]
        return cls(**{**said, "counts": Counter(said["counts"]), "broken": broken})


PROMISES = (
    "finished segments lost",
    "fragments lost beyond the one being written",
    "frames missing inside segments",
    "early deletions",
    "late deletions",
    "reappeared segments",
    "segments that overlap",
    "rows without files",
    "files without rows",
    "uploaded segments missing in the cloud",
    "segments gone that the ledger does not account for",
    "processes that ended by themselves",
)


MOST_SHOWN = 12  # broken promises of each kind that a person is shown; JSON has them all


def table(all_findings: list[Findings]) -> str:
    """One table for a person: a column for each kind."""
    names = list(dict.fromkeys(name for one in all_findings for name in [*one.counts, *one.values]))
    rows = [name for name in names if name not in PROMISES]
    head = f"{'':58}" + "".join(f"{one.kind:>12}" for one in all_findings)
    lines = [head, *(_row(name, [_shown(one, name) for one in all_findings]) for name in rows), ""]
    for promise in PROMISES:
        broken = [sum(b.promise == promise for b in one.broken) for one in all_findings]
        cells = ["skipped" if one.skipped else str(n) for one, n in zip(all_findings, broken, strict=True)]
        lines.append(_row(promise, cells))
    others = sorted({b.promise for one in all_findings for b in one.broken} - set(PROMISES))
    lines += [
        _row(name, [str(sum(b.promise == name for b in f.broken)) for f in all_findings]) for name in others
    ]
    return "\n".join(lines)


def told_as_json(all_findings: list[Findings]) -> Iterator[str]:
    """One JSON object a line: a figure, or a broken promise."""
    for one in all_findings:
        for name, value in {**one.counts, **one.values}.items():
            yield json.dumps({"faults": one.kind, "figure": name, "value": value})
        for promise in PROMISES:
            count = sum(broken.promise == promise for broken in one.broken)
            yield json.dumps({"faults": one.kind, "promise": promise, "broken": count})
        for broken in one.broken:
            said: dict[str, Any] = {"promise": broken.promise, "what": broken.what, "plan": broken.plan}
            yield json.dumps({"faults": one.kind, "broken": said})


def _row(name: str, cells: list[str]) -> str:
    return f"{name:58}" + "".join(f"{cell:>12}" for cell in cells)


def _shown(one: Findings, name: str) -> str:
    if one.skipped:
        return "skipped"
    if name in one.values:
        return f"{one.values[name]:,.3g}"
    return f"{one.counts[name]:,}" if name in one.counts else ""
