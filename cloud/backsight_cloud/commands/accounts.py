"""`account add`, `account list` and `code`."""

import argparse
import getpass
import sys

from backsight_cloud.adapters.passwords import open_passwords
from backsight_cloud.commands.here import Here, account_named
from backsight_cloud.commands.output import Answer, table, when
from backsight_cloud.domain.codes import CODE_LIFE_MS
from backsight_cloud.services.accounts import LONGEST_PASSWORD, Accounts
from backsight_cloud.services.pairing import make_pairing_code


async def add(here: Here, arguments: argparse.Namespace) -> Answer:
    zone = arguments.zone or here.settings.accounts.zone
    async with open_passwords() as passwords:
        accounts = Accounts(here.database, passwords, here.clock)
        account = await accounts.add(arguments.email, _password(), zone)
    value = {"account": account.id, "email": account.email, "zone": account.zone}
    return Answer(value, [f"{account.email} has an account now; its time zone is {account.zone}"])


async def list_all(here: Here, arguments: argparse.Namespace) -> Answer:
    async with here.database.read() as view:
        found = await view.people.accounts()
    value = [
        {"account": one.id, "email": one.email, "zone": one.zone, "created_ms": one.created_ms}
        for one in found
    ]
    rows = [{"e-mail": one.email, "zone": one.zone, "since": when(one.created_ms)} for one in found]
    return Answer(value, table(rows, "no accounts yet: `backsight-cloud account add EMAIL` makes one"))


async def code(here: Here, arguments: argparse.Namespace) -> Answer:
    """The code is a secret for a quarter of an hour; it is shown here and nowhere else."""
    account = await account_named(here, arguments.email)
    now_ms = here.clock.now_ms()
    made = await make_pairing_code(here.database, account.id, now_ms)
    address, ca = here.hub_address(), here.settings.state / "tls" / "ca.crt"
    command = f"backsight-agent pair {address} {made} --ca {ca}"
    value = {
        "code": made,
        "expires_ms": now_ms + CODE_LIFE_MS,
        "url": address,
        "ca": str(ca),
        "command": command,
    }
    lines = [
        f"{made}  works once, within {CODE_LIFE_MS // 60_000} minutes. On the hub, with a copy of ca.crt:",
        f"  {command}",
    ]
    if not ca.exists():
        lines.append("(ca.crt is made when the service starts for the first time: `backsight-cloud serve`)")
    return Answer(value, lines)


def _password() -> str:
    """Never from the command line, where everyone on the machine could read it."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\r\n")
