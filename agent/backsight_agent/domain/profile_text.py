"""Writes a profile as the file that it would be read from."""

import json
from collections.abc import Iterator
from dataclasses import fields

from backsight_agent.domain.profiles import Profile

TABLES = ("camera", "control", "stream", "can", "events", "quirk", "limit")


def profile_text(profile: Profile) -> str:
    """TOML, one table after the other, facts that are as by default left out."""
    return "\n".join(_lines(profile)) + "\n"


def _lines(profile: Profile) -> Iterator[str]:
    for name in TABLES:
        part = getattr(profile, name)
        if isinstance(part, tuple):
            for one in part:
                yield from (f"[[{name}]]", *_facts(one), "")
        else:
            yield from (f"[{name}]", *_facts(part), "")
    yield "[sources]"
    for fact, source in profile.sources.items():
        yield f"{json.dumps(fact)} = {_value(source)}"


def _facts(table: object) -> Iterator[str]:
    for field in fields(table):  # type: ignore[arg-type]
        value = getattr(table, field.name)
        if value != field.default:
            yield f"{field.name} = {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    milliseconds = getattr(value, "ms", None)
    if milliseconds is not None:
        return _value(f"{milliseconds // 3_600_000}h")
    return json.dumps(str(value), ensure_ascii=False)
