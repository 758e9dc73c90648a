"""Reads what Linux says of this process."""

import os
import resource
from pathlib import Path

from backsight_shared.process_figures import Machine, ProcessFigures, understood

_PROC = Path("/proc/self")


def own_process(now_ms: int) -> ProcessFigures | None:
    """The figures of now; None where there is no /proc. Reads no disk."""
    most_fds = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    machine = Machine(os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"), most_fds)
    try:
        stat, uptime = (_PROC / "stat").read_text(), Path("/proc/uptime").read_text()
        open_fds = len(os.listdir(_PROC / "fd")) - 1  # noqa: PTH208 - one of them reads this very list
        return understood(stat, uptime, open_fds, machine, now_ms)
    except (OSError, ValueError, IndexError):
        return None
