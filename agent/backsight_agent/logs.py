"""Where log lines go and what they look like: standard error, for people, programs or the journal."""

import logging
import os
import sys

from backsight_shared.log_lines import Format, formatter, is_journal

LEVELS = ("debug", "info", "warning", "error")

# These write requests and answers at their lower levels, and with them logins and hashes of passwords.
_TALKATIVE = ("kasa", "paho", "aiohttp", "asyncio", "libav")


def log_to_stderr(level: str, form: Format = "text") -> None:
    """From now on; libraries that would write secrets say only what is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, journal=_journal_reads(), shorten=_place))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _place(name: str) -> str:
    """`tasks.prune` rather than `backsight_agent.tasks.prune`."""
    return name.removeprefix("backsight_agent.").removeprefix("backsight_")


def _journal_reads() -> bool:
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return is_journal(os.environ.get("JOURNAL_STREAM", ""), stderr.st_dev, stderr.st_ino)
