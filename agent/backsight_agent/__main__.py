"""The command line: `backsight-agent run`, and what looks at or prepares a running agent."""

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from backsight_agent.logs import LEVELS, log_to_stderr
from backsight_shared.errors import BacksightError
from backsight_shared.log_lines import FORMATS

LONGEST_SEARCH_S = 600.0  # seconds

# Imported only when used, so that looking is quick: python-kasa and FFmpeg take their time.
_COMMANDS = {
    "run": "running",
    "discover": "discovering",
    "pair": "pairing",
    "unpair": "unpairing",
    "status": "status",
    "cameras": "cameras",
    "history": "history",
    "ledger": "ledger",
    "erase": "erase",
    "check-config": "checking",
    "doctor": "doctor",
    "profiles": "profiles",
    "settings": "settings",
    "move": "settings",
}

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked for; 0 when it is done, 1 when it cannot be, 2 when it was not understood."""
    wanted = _parser().parse_args(arguments)
    log_to_stderr(wanted.log_level, wanted.log_format)
    command = import_module(f"backsight_agent.commands.{_COMMANDS[wanted.command]}")
    try:
        code: int = command.main(wanted)
        sys.stdout.flush()
    except BacksightError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone: there is nobody to tell
        return 1
    except Exception as error:
        log.debug("%s failed", wanted.command, exc_info=error)
        return _failed(f"something unexpected happened ({type(error).__name__}); --log-level debug says more")
    return code


def _failed(text: str) -> int:
    for line in text.splitlines():
        print(f"backsight-agent: {line}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="backsight-agent", description="Keeps the video history of your cameras on this hub."
    )
    parser.add_argument("--version", action="version", version=f"backsight-agent {version('backsight')}")
    _add_common(parser, config=None, log_level="info", log_format="text")
    common = argparse.ArgumentParser(add_help=False)
    _add_common(common, **dict.fromkeys(("config", "log_level", "log_format"), argparse.SUPPRESS))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    command("run", "record every camera of agent.toml, until SIGTERM or Ctrl-C")
    _add_discover(command("discover", "find cameras in the neighbourhood"))
    _add_pair(command("pair", "let this hub belong to an account of a cloud"))
    leave = command("unpair", "let this hub leave its cloud")
    leave.add_argument("--yes", action="store_true", help="do it; without, only say what would change")
    for name, text in (
        ("status", "how the hub and its cameras are"),
        ("cameras", "the cameras and how far back they reach"),
    ):
        _add_json(command(name, text))
    _add_history(command("history", "what there is of a camera, and what is missing"))
    _add_ledger(command("ledger", "what left the history here, when and why"))
    _add_erase(command("erase", "erase some of what this hub has of a camera, or everything"))
    command("check-config", "read agent.toml as the agent would, and say what is wrong with it")
    _add_json(command("doctor", "check disk, clock, cloud and cameras, and say what to do"))
    _add_settings(command("settings", "what can be set at a camera, and set it"))
    _add_move(command("move", "turn a camera that has a motor"))
    _add_profiles(command("profiles", "what is known of camera models, and whether a file of it is right"))
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("camera", metavar="CAMERA", help="its name or its MAC")
    parser.add_argument("setting", metavar="SETTING", nargs="?", help="which; without, all are shown")
    parser.add_argument("value", metavar="VALUE", nargs="?")
    _add_json(parser)


def _add_move(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("camera", metavar="CAMERA", help="its name or its MAC")
    where = "left, right, up, down, stop; the name of a saved position; or presets, which lists those"
    parser.add_argument("where", metavar="WHERE", help=where)


def _add_profiles(parser: argparse.ArgumentParser) -> None:
    what = "list (the default), show MODEL ..., check PATH ..., or draft one by asking the camera at ADDRESS"
    choices = ("list", "show", "check", "draft")
    parser.add_argument("what", choices=choices, nargs="?", default="list", help=what)
    parser.add_argument("names", metavar="MODEL|PATH|ADDRESS", nargs="*")
    user = "draft: the Kasa account's e-mail; else admin, as Tapo cameras want"
    parser.add_argument("--username", default="admin", help=user)
    file = "draft: a file with the account's password; without, only what is announced"
    parser.add_argument("--password-file", metavar="FILE", type=Path, help=file)
    _add_json(parser)


def _add_common(
    parser: argparse.ArgumentParser, config: object, log_level: object, log_format: object
) -> None:
    parser.add_argument(
        "--config", metavar="FILE", type=Path, default=config,
        help="the settings; else agent.toml here or in /etc/backsight",
    )  # fmt: skip
    parser.add_argument("--log-level", choices=LEVELS, default=log_level)
    parser.add_argument("--log-format", choices=FORMATS, default=log_format, help="json: one object a line")


def _add_discover(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", metavar="A", action="append", default=[],
        help="an address, a name or a network's broadcast address; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", metavar="S", type=_seconds, default=5.0, help="seconds to wait for answers"
    )
    _add_json(parser)


def _add_pair(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the cloud's address")
    parser.add_argument("code", metavar="CODE", help="the code from the dashboard; - reads it from stdin")
    parser.add_argument("--name", help="what the hub is called there; else the name in agent.toml")
    parser.add_argument("--ca", metavar="FILE", type=Path, help="the cloud's own certificate authority")


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("camera", metavar="CAMERA", help="its name or its MAC")
    when = 'a time ("2026-11-24T12:00", this machine\'s zone), "2h" ago, or UTC milliseconds'
    parser.add_argument("--from", dest="begin", metavar="WHEN", help=f"{when}; else 24 hours ago")
    parser.add_argument("--to", dest="end", metavar="WHEN", help="else now")
    _add_json(parser)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("camera", metavar="CAMERA", nargs="?", help="its name or its MAC; without, all")
    _add_span(parser)
    _add_json(parser)


def _add_erase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("camera", metavar="CAMERA", help="its name or its MAC")
    _add_span(parser)
    parser.add_argument("--everything", action="store_true", help="all that there is of it, up to now")
    parser.add_argument("--yes", action="store_true", help="do it; without, only say what would go")
    _add_json(parser)


def _add_span(parser: argparse.ArgumentParser) -> None:
    when = 'a time of the history ("2026-11-24T12:00"), "2h" ago, or UTC milliseconds'
    parser.add_argument("--from", dest="begin", metavar="WHEN", help=when)
    parser.add_argument("--to", dest="end", metavar="WHEN", help="the same")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= LONGEST_SEARCH_S:
        raise argparse.ArgumentTypeError(f"{text} is not a time between 0 and {LONGEST_SEARCH_S:.0f} seconds")
    return seconds


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


if __name__ == "__main__":
    sys.exit(main())
