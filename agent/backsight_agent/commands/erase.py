"""`backsight-agent erase CAMERA`: erases a span of what this hub has, or all; says first what would go."""

import argparse
import sys
from typing import Any

from backsight_agent.commands.asking import camera_named, tell_agent
from backsight_agent.commands.moments import BadMoment, moment_of
from backsight_agent.commands.printing import as_json, moment, size
from backsight_agent.config import load
from backsight_shared.clock import SystemClock
from backsight_shared.errors import NeedsAttention, TryLater


class NoSpan(NeedsAttention):
    """What is to be erased was not said."""


class NotRunning(TryLater):
    """Only the running agent may change the history."""


def main(wanted: argparse.Namespace) -> int:
    """Nothing goes without --yes."""
    settings = load(wanted.config)
    camera = camera_named(settings, wanted.camera)
    body = {**_span(wanted), "really": wanted.yes}
    said = tell_agent(settings, f"/cameras/{camera.camera}/erase", body)
    if said is None:
        raise NotRunning("the agent is not running: it has to, for it alone may change the history")
    if wanted.json:
        print(as_json(said))
    elif said["erased"]:
        print("\n".join(_done(camera.name, said)))
    else:
        print("\n".join(_announced(camera.name, said)), file=sys.stderr)
    return 0 if said["erased"] else 1


def _span(wanted: argparse.Namespace) -> dict[str, object]:
    if wanted.everything:
        if wanted.begin is not None or wanted.end is not None:
            raise NoSpan("--everything has neither --from nor --to")
        return {"everything": True}
    if wanted.begin is None or wanted.end is None:
        raise NoSpan("say what is to be erased: --from WHEN --to WHEN, or --everything")
    now_ms = SystemClock().now_ms()
    from_ms, to_ms = (
        moment_of(option, text, now_ms) for option, text in (("--from", wanted.begin), ("--to", wanted.end))
    )
    if from_ms >= to_ms:
        raise BadMoment(f"--to ({moment(to_ms)}) must be later than --from ({moment(from_ms)})")
    return {"from_ms": from_ms, "to_ms": to_ms}


def _announced(name: str, said: dict[str, Any]) -> list[str]:
    what = _what(name, said)
    return [f"{what} would be erased on this hub for good.{_cloud(said)} Say it again with --yes."]


def _done(name: str, said: dict[str, Any]) -> list[str]:
    lines = [f"{_what(name, said)}: erased on this hub.{_cloud(said)}"]
    if said["later_ms"] is not None:
        lines.append(
            f"What is dated later stays (it reaches to {moment(said['later_ms'])}): the clock ran ahead."
        )
    return lines


def _what(name: str, said: dict[str, Any]) -> str:
    span = f"{moment(said['from_ms'])} to {moment(said['to_ms'])}"
    return f"{name}, {span}: {said['count']} segments, {size(said['size_bytes'])}"


def _cloud(said: dict[str, Any]) -> str:
    if not said["cloud_copy"]:
        return ""
    return " What the cloud has of it stays there: erase that in the dashboard, which erases both."
