"""Where log lines go and what they look like: `time level place: message`, UTC, on standard error."""

import logging
import sys
import time

LEVELS = ("debug", "info", "warning", "error")

# These write requests and answers at their lower levels, and with them logins and hashes of passwords.
_TALKATIVE = ("kasa", "paho", "aiohttp", "asyncio", "libav")


def log_to_stderr(level: str) -> None:
    """From now on; libraries that would write secrets say only what is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(place)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_place)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _place(record: logging.LogRecord) -> bool:
    """`tasks.prune` rather than `backsight_agent.tasks.prune`."""
    record.place = record.name.removeprefix("backsight_agent.").removeprefix("backsight_")
    return True
