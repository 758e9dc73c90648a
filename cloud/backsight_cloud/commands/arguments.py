"""What can be said on the command line."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backsight_cloud.commands import billing_arguments, explain
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.plans import PLANS
from backsight_shared.log_lines import FORMATS

_ON_ONE_ACCOUNT = {
    "show": "everything about one account that is no secret",
    "sessions": "where it is signed in",
    "sign-out": "end all of its sessions",
}
_FOR_GOOD = {
    "close": "close it: its cameras leave with their histories, and the person is forgotten",
    "second-factor-off": "ask for no one-time codes any more, for someone who lost phone and recovery codes",
}


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
    _mails(subjects)
    _explain(subjects)
    billing_arguments.add(subjects, _command, _subject)
    return top.parse_args(words)


def _accounts(subjects: Any) -> None:
    verbs = _subject(subjects, "account", "make, show and close accounts")
    add = _command(verbs, "add", "make an account; the password is read from standard input, or asked for")
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--zone", help='its time zone, like "America/New_York" (default: the one in cloud.toml)')
    _command(verbs, "list", "list all accounts")
    for name, text in _ON_ONE_ACCOUNT.items():
        _command(verbs, name, text).add_argument("email", metavar="EMAIL")
    operator = _command(verbs, "operator", "let it see the service's health and billing; it sees no video")
    operator.add_argument("email", metavar="EMAIL")
    operator.add_argument("--off", action="store_true", help="make it an owner's account again")
    for name, text in _FOR_GOOD.items():
        command = _command(verbs, name, text)
        command.add_argument("email", metavar="EMAIL")
        command.add_argument("--yes", action="store_true", help="do it; without, only say what would happen")
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


def _mails(subjects: Any) -> None:
    verbs = _subject(subjects, "mail", "look at mail, and send one again")
    listing = _command(verbs, "list", "list mails, the newest first")
    listing.add_argument("--account", metavar="EMAIL", help="only this account's")
    listing.add_argument("--failed", action="store_true", help="only those that were refused or given up")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="how many (default: 50)")
    for name, text in (("show", "one mail with what it says"), ("again", "send a mail again, or now")):
        _command(verbs, name, text).add_argument("mail", metavar="ID", help="as `mail list` shows it")


def _explain(subjects: Any) -> None:
    verbs = _subject(subjects, "explain", "answer a question with the engine's own rules")
    bills = _command(verbs, "bill-dates", "when a subscription is billed, its activation first")
    bills.add_argument("--start", type=explain.a_local_time, required=True, help="local: 2026-01-31T10:00")
    bills.add_argument("--cycle", type=Cycle, choices=list(Cycle), required=True, help="month or year")
    most = explain.MOST_BILLS
    bills.add_argument("--count", type=explain.a_number(1, most), required=True, metavar="N")
    shares = _command(verbs, "proration", "what the unused days of a paid period are worth")
    most = explain.MOST_CENTS
    shares.add_argument(
        "--paid", type=explain.a_number(0, most), required=True, metavar="CENTS", help="for the period"
    )
    for name, text in (
        ("--period-start", "the day on which the period starts"),
        ("--period-end", "the next bill date"),
        ("--on", "the day on which it ends early; it counts as used"),
    ):
        shares.add_argument(name, type=explain.a_date, required=True, metavar="DATE", help=text)
    account = _command(verbs, "account", "why each camera has the window that it has, and when that changes")
    account.add_argument("email", metavar="ID", help="its identity, or its e-mail address")
    for parser in (bills, shares):
        parser.add_argument("--zone", type=explain.a_zone, required=True, help='like "America/New_York"')


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
