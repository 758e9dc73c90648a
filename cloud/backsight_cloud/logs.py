"""Where log lines go and what they look like: standard error, for people, programs or the journal."""

import logging
import os
import sys

from backsight_shared.log_lines import Format, formatter, is_journal

# These write statements with their values, and messages, at their lower levels: hashes of secrets among them.
_TALKATIVE = ("sqlalchemy", "aiosqlite", "alembic", "aiohttp", "aiomqtt", "mqtt", "asyncio", "stripe")


def log_to_stderr(level: str, form: Format) -> None:
    """From now on: ours as asked for; libraries say only what is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, journal=_journal_reads(), shorten=_place))
    logging.basicConfig(level="DEBUG" if level == "debug" else "WARNING", handlers=[handler])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for ours in ("backsight_cloud", "backsight_shared"):
        logging.getLogger(ours).setLevel(level.upper())


def _place(name: str) -> str:
    """`services.pruning` rather than `backsight_cloud.services.pruning`."""
    return name.removeprefix("backsight_cloud.").removeprefix("backsight_")


def _journal_reads() -> bool:
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return is_journal(os.environ.get("JOURNAL_STREAM", ""), stderr.st_dev, stderr.st_ino)
