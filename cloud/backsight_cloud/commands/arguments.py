"""What can be said on the command line."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backsight_cloud.domain.plans import PLANS
from backsight_shared.log_lines import FORMATS


def parse(words: list[str]) -> argparse.Namespace:
    """The command as `subject` and `verb`, with its values; exits with 2 for what cannot be understood."""
    top = argparse.ArgumentParser(
        prog="backsight-cloud", description="Keeps the history of cameras, for as long as their plans say."
    )
    top.add_argument("--version", action="version", version=f"backsight-cloud {version('backsight')}")
    _common(top, config=None, json=False, log_level=None, log_format="text")
    subjects = top.add_subparsers(dest="subject", required=True, metavar="COMMAND")
    _command(subjects, "serve", "run the service until it is told to end")
    _accounts(subjects)
    _hubs(subjects)
    _cameras(subjects)
    _history(subjects)
    return top.parse_args(words)


def _accounts(subjects: Any) -> None:
    verbs = _subject(subjects, "account", "make and list accounts")
    add = _command(verbs, "add", "make an account; the password is read from standard input, or asked for")
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--zone", help='its time zone, like "America/New_York" (default: the one in cloud.toml)')
    _command(verbs, "list", "list all accounts")
    code = _command(subjects, "code", "make a code that adds a hub to an account")
    code.add_argument("email", metavar="EMAIL")


def _hubs(subjects: Any) -> None:
    verbs = _subject(subjects, "hub", "list and unpair hubs")
    _command(verbs, "list", "list all hubs")
    unpair = _command(verbs, "unpair", "shut a hub out; its cameras' history stays")
    unpair.add_argument(
        "hub", metavar="HUB", help="its identity, or its name if there is only one of that name"
    )


def _cameras(subjects: Any) -> None:
    verbs = _subject(subjects, "camera", "list and add cameras")
    _command(verbs, "list", "list all cameras")
    add = _command(verbs, "add", "add a camera before its hub reports it")
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("hub", metavar="HUB")
    add.add_argument("mac", metavar="MAC")
    add.add_argument("--name", default="", help="what its owner calls it")
    add.add_argument("--model", default="", help="like EC60 or C210; decides the free window")
    unbind = _command(verbs, "unbind", "take a camera out of its account, and erase its history in the cloud")
    unbind.add_argument("camera", metavar="CAMERA", help="its MAC in any form, or its name if that is unique")
    unbind.add_argument("--yes", action="store_true", help="do it; without, only say what would go")
    plans = _subject(subjects, "plan", "change cameras' plans")
    change = _command(plans, "set", "change a camera's plan, now")
    change.add_argument("camera", metavar="CAMERA", help="its MAC in any form, or its name if that is unique")
    change.add_argument("plan", choices=PLANS)


def _history(subjects: Any) -> None:
    ledger = _command(subjects, "ledger", "what left the history of an account or a camera, when and why")
    ledger.add_argument("name", metavar="EMAIL|CAMERA")
    ledger.add_argument("--limit", type=int, default=50, metavar="N", help="lines, the newest (default: 50)")
    verbs = _subject(subjects, "objects", "compare the store with the database")
    verify = _command(verbs, "verify", "find objects that nobody knows, and segments without their object")
    verify.add_argument(
        "--settle", action="store_true", help="delete those objects, and take those segments out"
    )


def _subject(subjects: Any, name: str, text: str) -> Any:
    parser = subjects.add_parser(name, help=text, description=text)
    _common(parser)
    return parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")


def _command(within: Any, name: str, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = within.add_parser(name, help=text, description=text)
    _common(parser)
    return parser


def _common(parser: argparse.ArgumentParser, **defaults: object) -> None:
    """Options that may stand anywhere; only the outermost parser has defaults, so that none is undone."""

    def default(name: str) -> Any:
        return defaults.get(name, argparse.SUPPRESS)

    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=default("config"),
        help="cloud.toml (default: here, or /etc/backsight)",
    )
    parser.add_argument(
        "--json", action="store_true", default=default("json"), help="answer as JSON, for programs"
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default=default("log_level"),
        help="how much is told on standard error (default: info for serve, else warning)",
    )
    parser.add_argument(
        "--log-format", choices=FORMATS, default=default("log_format"), help="json: one object a line"
    )
