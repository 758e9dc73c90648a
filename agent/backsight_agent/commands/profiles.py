"""`backsight-agent profiles`: what we know of the models, and whether a file that says so is right."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from backsight_agent.commands.printing import as_json, length, table
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.profile_files import load_profile, load_profiles, profiles_folder
from backsight_agent.domain.profile_text import profile_text
from backsight_agent.domain.profiles import Profile, StreamFacts, StreamName, plain_model
from backsight_agent.secret_file import read_secret
from backsight_shared.clock import SystemClock
from backsight_shared.errors import NeedsAttention
from backsight_shared.settings import BadSettings
from backsight_shared.shapes import write


class NoSuchModel(NeedsAttention):
    """There is no profile of this model."""


def main(wanted: argparse.Namespace) -> int:
    """`list`, `show MODEL`, `check PATH ...` or `draft ADDRESS`."""
    if wanted.what == "draft":
        return _draft(wanted)
    if wanted.what == "check":
        return _check([Path(path) for path in wanted.names])
    if wanted.what == "show":
        return _show(wanted.names, as_lines=not wanted.json)
    profiles = [profile for (_, model), profile in sorted(load_profiles(profiles_folder()).items()) if model]
    print(as_json({"profiles": write(profiles)}) if wanted.json else _listed(profiles))
    return 0


def _draft(wanted: argparse.Namespace) -> int:
    """Asks a camera and prints a profile of its model, to be completed by whoever has it."""
    from backsight_agent.adapters.drafting import draft  # only now: the others need no python-kasa

    if len(wanted.names) != 1:
        raise BadSettings("give one address: backsight-agent profiles draft ADDRESS")
    login = None
    if wanted.password_file is not None:
        try:
            login = Login(wanted.username, read_secret(wanted.password_file))
        except ValueError as error:
            raise BadSettings(f"--password-file {error}") from error
    profile = asyncio.run(draft(wanted.names[0], login, SystemClock()))
    name = f"{profile.camera.family}-{profile.camera.model.lower()}.toml"
    print(f"# {name}: a draft. What is assumed is its family's; see firmware_profiles/README.md.\n")
    print(profile_text(profile), end="")
    return 0


def _check(paths: list[Path]) -> int:
    """Every file, and every file of a folder; 1 when one is wrong."""
    files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    wrong = 0
    for file in files:
        try:
            profile = load_profile(file)
        except BadSettings as error:
            wrong += 1
            print(error, file=sys.stderr)
        else:
            print(f"{file}: {profile.camera.model or profile.camera.family} is right")
    if not files:
        print("there is no profile to check", file=sys.stderr)
    return 1 if wrong or not files else 0


def _show(names: list[str], *, as_lines: bool) -> int:
    for name in names:
        profile = _named(name)
        print("\n".join(_lines(profile)) if as_lines else as_json(write(profile)))
    return 0


def _named(name: str) -> Profile:
    profiles = load_profiles(profiles_folder())
    for family in Family:
        if profile := profiles.get((family, plain_model(name))):
            return profile
    known = ", ".join(sorted(model for _, model in profiles if model))
    raise NoSuchModel(f"there is no profile of {name}: it would be recorded as its family is. Known: {known}")


def _listed(profiles: list[Profile]) -> str:
    rows = [
        (
            profile.camera.model,
            profile.camera.title,
            _stream(profile.recordable(StreamName.MAIN)),
            length(profile.camera.free_window.ms / 1000),
            ", ".join(sorted({limit.what for limit in profile.limit})) or "-",
        )
        for profile in profiles
    ]
    return table(("MODEL", "NAME", "RECORDED FROM", "FREE", "LIMITS"), rows)


def _stream(stream: StreamFacts | None) -> str:
    if stream is None:
        return "not recordable"
    return f"{stream.kind} {stream.port}, {stream.video} {stream.width}x{stream.height} {stream.fps} fps"


def _lines(profile: Profile) -> Iterator[str]:
    """Every fact with its source, as a person reads it."""
    yield f"{profile.camera.model}: {profile.camera.title}"
    for name, facts in profile.tables:
        for field in fields(facts):
            if value := getattr(facts, field.name):
                yield f"  {name}.{field.name} = {_text(value)}{_source(profile, name, field.name)}"
    for quirk in profile.quirk:
        yield f"  quirk: {quirk.text}  ({quirk.source})"
    for limit in profile.limit:
        versions = _versions(limit.since, limit.before)
        yield f"  does not work: {limit.what}{versions}: {limit.why}  ({limit.source})"


def _versions(since: str, before: str) -> str:
    return (f" from firmware {since} on" if since else "") + (f" before firmware {before}" if before else "")


def _source(profile: Profile, table_name: str, fact: str) -> str:
    source = profile.sources.get(f"{table_name}.{fact}") or profile.sources.get(table_name, "")
    return f"  ({source})" if source else ""


def _text(value: object) -> str:
    if value is True:
        return "yes"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    milliseconds = getattr(value, "ms", None)
    return str(value) if milliseconds is None else length(milliseconds / 1000)
