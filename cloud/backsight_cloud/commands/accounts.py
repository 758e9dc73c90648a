"""`account ...` and `code`: what an operator does with accounts."""

import argparse
import getpass
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from backsight_cloud.adapters.passwords import open_passwords
from backsight_cloud.adapters.secrets import open_secrets
from backsight_cloud.commands.here import Here, account_named
from backsight_cloud.commands.output import Answer, size, table, when
from backsight_cloud.domain.codes import CODE_LIFE_MS
from backsight_cloud.domain.credentials import LONGEST_PASSWORD
from backsight_cloud.domain.people import Role
from backsight_cloud.domain.records import Account
from backsight_cloud.services.care import BillingCloses
from backsight_cloud.services.closing import ClosingExtent
from backsight_cloud.services.pairing import make_pairing_code
from backsight_cloud.services.people import PeopleServices, PeopleTerms, people_services
from backsight_cloud.services.telling import MailTells
from backsight_shared.errors import NeedsAttention


class NotConfirmed(NeedsAttention):
    """It was said what would happen, and not yet that it shall."""


class HasCameras(NeedsAttention):
    """An account with hubs or cameras is an owner's."""


async def add(here: Here, arguments: argparse.Namespace) -> Answer:
    zone = arguments.zone or here.settings.accounts.zone
    async with _people(here) as people:
        account = await people.accounts.add(arguments.email, _password(), zone)
    value = {"account": account.id, "email": account.email, "zone": account.zone}
    return Answer(value, [f"{account.email} has an account now; its time zone is {account.zone}"])


async def list_all(here: Here, arguments: argparse.Namespace) -> Answer:
    async with here.database.read() as view:
        found = [one for one in await view.people.accounts() if one.closed_ms is None]
    rows = [
        {
            "e-mail": one.email,
            "role": one.role.value,
            "confirmed": when(one.confirmed_ms),
            "zone": one.zone,
            "since": when(one.created_ms),
        }
        for one in found
    ]
    return Answer(
        [_value(one) for one in found],
        table(rows, "no accounts yet: `backsight-cloud account add EMAIL` makes one"),
    )


async def show(here: Here, arguments: argparse.Namespace) -> Answer:
    account = await account_named(here, arguments.email)
    async with here.database.read() as view:
        factor = await view.factors.factor(account.id)
        cameras = await view.cameras.of_account(account.id)
        hubs = [hub.id for hub in await view.hubs.hubs(account.id) if hub.unpaired_ms is None]
        held = await view.shares.with_viewer(account.id)
        sessions = await view.people.sessions(account.id)
    now_ms = here.clock.now_ms()
    value = _value(account) | {
        "password_changed_ms": account.password_changed_ms,
        "second_factor": bool(factor and factor.confirmed_ms),
        "hubs": hubs,
        "cameras": [camera.id for camera in cameras],
        "sees": [camera.id for _, camera, _ in held],
        "sessions": sum(session.expires_ms > now_ms for session in sessions),
    }
    return Answer(value, [f"{name}: {_said(name, one)}" for name, one in value.items()])


async def sessions(here: Here, arguments: argparse.Namespace) -> Answer:
    account = await account_named(here, arguments.email)
    async with _people(here) as people:
        found = [view.session for view in await people.sessions.of(account.id)]
    value = [
        {
            "id": one.id,
            "browser": one.browser,
            "address": one.address,
            "created_ms": one.created_ms,
            "seen_ms": one.seen_ms,
        }
        for one in found
    ]
    rows = [{"browser": one.browser, "address": one.address, "last used": when(one.seen_ms)} for one in found]
    return Answer(value, table(rows, f"{account.email} is not signed in anywhere"))


async def sign_out(here: Here, arguments: argparse.Namespace) -> Answer:
    account = await account_named(here, arguments.email)
    async with _people(here) as people:
        ended = await people.sessions.end_all(account.id)
    return Answer({"sessions_ended": ended}, [f"{account.email} is signed out everywhere: {ended} sessions"])


async def operator(here: Here, arguments: argparse.Namespace) -> Answer:
    """Made here and nowhere else. Whoever has cameras stays an owner: an operator sees no video."""
    account = await account_named(here, arguments.email)
    role = Role.OWNER if arguments.off else Role.OPERATOR
    async with here.database.begin() as tx:
        hubs = [hub for hub in await tx.hubs.hubs(account.id) if hub.unpaired_ms is None]
        if role is Role.OPERATOR and (hubs or await tx.cameras.all_viewed(account.id)):
            raise HasCameras(
                f"{account.email} has a hub or sees cameras: make another account for operating the service"
            )
        await tx.people.update_account(replace(account, role=role))
        await tx.people.end_sessions(account.id)
    return Answer(_value(replace(account, role=role)), [f"{account.email} is an {role.value} now"])


async def second_factor_off(here: Here, arguments: argparse.Namespace) -> Answer:
    """For someone who has lost both phone and recovery codes, and has shown otherwise who they are."""
    account = await account_named(here, arguments.email)
    if not arguments.yes:
        raise NotConfirmed(
            f"{account.email} would sign in with the password alone. Make sure who is asking, then say --yes"
        )
    async with here.database.begin() as tx:
        await tx.factors.remove(account.id)
        await tx.people.end_sessions(account.id)
    return Answer({"second_factor": False}, [f"{account.email} is asked for no one-time code any more"])


async def close(here: Here, arguments: argparse.Namespace) -> Answer:
    """Nothing is erased unannounced: without `--yes` it is only said what would go."""
    account = await account_named(here, arguments.email)
    async with _people(here) as people:
        preview = await people.closing.preview(account)
        if not arguments.yes:
            raise NotConfirmed(
                f"{account.email} would be closed, for good: {_leaving(preview.leaving)}. "
                "Say it again with --yes"
            )
        left = await people.closing.close_for(account, preview.confirm)
    here.wake()
    value = {"account": account.id, "closed": True, "cameras": [camera.id for camera, _ in left.cameras]}
    return Answer(value, [f"{account.email} is closed: {_leaving(left)}"])


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


@asynccontextmanager
async def _people(here: Here) -> AsyncIterator[PeopleServices]:
    """The same services as the running one's."""
    keys = open_secrets(here.settings.state / "secrets")
    terms = PeopleTerms(keys.account_key, confirm_key=secrets.token_bytes(32))
    async with open_passwords() as passwords:
        yield people_services(
            here.database,
            passwords,
            terms,
            here.wakes,
            here.clock,
            MailTells(here.wakes, here.clock),
            BillingCloses(billing := here.billing(), here.clock),
            billing,
        )


def _value(account: Account) -> dict[str, object]:
    return {
        "account": account.id,
        "email": account.email,
        "role": account.role.value,
        "zone": account.zone,
        "created_ms": account.created_ms,
        "confirmed_ms": account.confirmed_ms,
        "closing_ms": account.closing_ms,
    }


def _said(name: str, value: object) -> str:
    if name.endswith("_ms") and (value is None or isinstance(value, int)):
        return when(value)
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _leaving(leaving: ClosingExtent) -> str:
    segments = sum(extent.count for _, extent in leaving.cameras)
    bytes_ = sum(extent.size_bytes for _, extent in leaving.cameras)
    money = _money(leaving.money)
    return (
        f"{len(leaving.cameras)} cameras with {segments} segments, {size(bytes_)}, are erased in the cloud, "
        f"{leaving.hubs} hubs are shut out, {leaving.shares_given + leaving.shares_held} shares end{money}"
    )


def _money(money: Mapping[str, object]) -> str:
    return "".join(f"; {name.replace('_', ' ')}: {value}" for name, value in money.items())


def _password() -> str:
    """Never from the command line, where everyone on the machine could read it."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\r\n")
