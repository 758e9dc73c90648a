"""What log lines look like: for people, for programs (one JSON object a line), and for systemd's journal."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Literal

Format = Literal["text", "json"]
FORMATS: tuple[Format, ...] = ("text", "json")

# What syslog calls the levels; journald takes it from the beginning of each line (sd-daemon(3)).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TEXT_IN_JOURNAL = "%(levelname)s %(name)s: %(message)s"  # the journal knows the time, and better

_fields: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed


def about(run: Callable[[], Awaitable[None]], **fields: str) -> Callable[[], Awaitable[None]]:
    """The same work; what it logs, and whatever it starts, has these fields: camera, hub."""

    async def named() -> None:
        token = _fields.set({**_fields.get(), **fields})
        try:
            await run()
        finally:
            _fields.reset(token)

    return named


def formatter(form: Format, *, journal: bool, shorten: Callable[[str], str]) -> logging.Formatter:
    """`journal`: whether systemd's journal reads the lines. `shorten` makes a module's name shorter."""
    inner = _Json() if form == "json" else _Text(shorten, journal=journal)
    return _Prioritised(inner) if journal else inner


def is_journal(journal_stream: str, device: int, inode: int) -> bool:
    """Whether the journal reads what is written there: what JOURNAL_STREAM says, and what the file is."""
    return journal_stream == f"{device}:{inode}"


class _Text(logging.Formatter):
    """`time level place: message`, UTC."""

    def __init__(self, shorten: Callable[[str], str], *, journal: bool) -> None:
        super().__init__(_TEXT_IN_JOURNAL if journal else _TEXT, "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._shorten = shorten

    def format(self, record: logging.LogRecord) -> str:
        name, record.name = record.name, self._shorten(record.name)
        try:
            return super().format(record)
        finally:
            record.name = name


class _Json(logging.Formatter):
    """One object a line: time, level, name, message; task, camera and hub where they are known."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "name": record.name,
            "message": record.getMessage(),
            **({"task": task} if (task := _task()) else {}),
            **_fields.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Prioritised(logging.Formatter):
    """Each line with its priority in front: the journal would take a traceback's lines for news otherwise."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        mark = next((f"<{mark}>" for level, mark in _PRIORITIES if record.levelno >= level), "<7>")
        return mark + self._inner.format(record).replace("\n", f"\n{mark}")


def _task() -> str:
    """The name of the task that speaks; nothing outside of the event loop."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return ""
    return task.get_name() if task else ""
