"""Asks the kernel whether this machine's clock is synchronised."""

import ctypes
import ctypes.util
import logging
from collections.abc import Callable
from pathlib import Path

UNSYNCHRONISED = 0x0040  # STA_UNSYNC of linux/timex.h
ERROR_STATE = 5  # TIME_ERROR: what adjtimex returns for a clock that nobody has set
HINT = Path("/run/systemd/timesync/synchronized")  # exists once systemd-timesyncd has set the clock

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
    return _by_kernel() or HINT.exists()


def _by_kernel() -> bool:
    try:
        adjtimex: Callable[[object], int] = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False  # not Linux
    timex = _Timex()
    state = adjtimex(ctypes.byref(timex))
    return understood(state, timex.status)


def understood(state: int, status: int) -> bool:
    """What adjtimex's return value and status word say; -1 is a refusal to answer."""
    return state not in (-1, ERROR_STATE) and not status & UNSYNCHRONISED
