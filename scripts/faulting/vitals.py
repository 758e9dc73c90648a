"""Memory, threads and open files of processes, and whether they stay flat."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from faulting.findings import Findings

EVERY_S = 2.0
# What may be added over the second half. Threads come and go with what is recorded: the filter graph before
# each camera's AAC encoder has one for each core (PyAV makes it, and takes no number), two for each of four
# cameras; and pools fill. A thread that is lost with each fault or each run would be dozens.
FLAT = {"memory, MiB": 6.0, "threads": 10.0, "open files": 4.0}
AT_LEAST = 20  # samples in the second half; fewer say nothing


@dataclass
class Vitals:
    """One process's samples: (monotonic, value) by name."""

    name: str
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    pid: int = 0

    def sample(self, pid: int) -> None:
        """Look once; a new process begins anew."""
        if pid != self.pid:
            self.pid, self.samples = pid, {name: [] for name in FLAT}
        with suppress(psutil.Error):
            process, at = psutil.Process(pid), time.monotonic()
            memory = process.memory_info()
            values = (
                (memory.rss - memory.shared) / 2**20,
                float(process.num_threads()),
                float(process.num_fds()),
            )
            for name, value in zip(FLAT, values, strict=True):
                self.samples[name].append((at, value))

    def judge(self, findings: Findings) -> None:
        """Print what was at the start and at the end; the slope over the second half must be flat."""
        for name, most in FLAT.items():
            samples = self.samples.get(name, [])
            if not samples:
                continue
            half = samples[len(samples) // 2 :]
            per_minute = slope(half) * 60
            added = per_minute * (half[-1][0] - half[0][0]) / 60
            findings.values[f"{self.name}: {name} at the start"] = samples[0][1]
            findings.values[f"{self.name}: {name} at the end"] = samples[-1][1]
            findings.values[f"{self.name}: {name} a minute"] = per_minute
            if len(half) >= AT_LEAST and added > most:
                what = f"{self.name}: {name} grew by {added:.1f} in {half[-1][0] - half[0][0]:.0f} s"
                findings.breaks("memory, threads and files that are flat", what, "the second half")


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Of the line of least squares through (x, y): y for each x."""
    count = len(samples)
    if count < 2:
        return 0.0
    mean_x, mean_y = sum(x for x, _ in samples) / count, sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


async def sample_forever(processes: Mapping[str, Vitals], pid_of: Callable[[str], int]) -> None:
    """Look at each, until cancelled. `pid_of` gives the process of a name, 0 while there is none."""
    while True:
        for name, vitals in processes.items():
            if pid := pid_of(name):
                vitals.sample(pid)
        await asyncio.sleep(EVERY_S)
