"""Asks the kernel whether this machine's clock is synchronised."""

import ctypes
import ctypes.util
import logging
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

UNSYNCHRONISED = 0x0040  # STA_UNSYNC of linux/timex.h
ERROR_STATE = 5  # TIME_ERROR: what adjtimex returns for a clock that nobody has set
HINT = Path("/run/systemd/timesync/synchronized")  # exists once systemd-timesyncd has set the clock
_SLACK_S = 1.0  # seconds between two readings of two clocks, and a file system's grain

log = logging.getLogger(__name__)


class _Timex(ctypes.Structure):
    """struct timex, as far as we read it, with room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),  # 0: only read
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def synchronised() -> bool:
    """Whether the clock is kept right by NTP, as far as this machine tells."""
    return _by_kernel() or _set_since_boot(HINT)


def _set_since_boot(mark: Path) -> bool:
    """Whether the mark was made since the machine started, by the clock as it is now.

    The mark stays when somebody sets the clock by hand; but then it seems to be of the future, or older than
    this boot.
    """
    try:
        made = mark.stat().st_mtime
    except OSError:
        return False
    now = time.time()
    return now - time.monotonic() - _SLACK_S <= made <= now + _SLACK_S


def _by_kernel() -> bool:
    adjtimex = _adjtimex()
    if adjtimex is None:
        return False
    timex = _Timex()
    state = adjtimex(ctypes.byref(timex))
    return understood(state, timex.status)


@cache
def _adjtimex() -> Callable[[object], int] | None:
    """The kernel's; None where it is not Linux. Kept: this is asked for every GOP."""
    try:
        call: Callable[[object], int] = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    return call


def understood(state: int, status: int) -> bool:
    """What adjtimex's return value and status word say; -1 is a refusal to answer."""
    return state not in (-1, ERROR_STATE) and not status & UNSYNCHRONISED
