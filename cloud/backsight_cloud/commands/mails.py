"""`mail list`, `mail show` and `mail again`."""

import argparse

from backsight_cloud.commands.here import Here, NotFound, account_named
from backsight_cloud.commands.output import Answer, table, when
from backsight_cloud.domain.notices import KINDS, has_secret
from backsight_cloud.mail_ports import Mail
from backsight_cloud.services.mailing import send_again


async def list_all(here: Here, arguments: argparse.Namespace) -> Answer:
    account = (await account_named(here, arguments.account)).id if arguments.account else None
    async with here.database.read() as view:
        mails = await view.outbox.mails(arguments.limit, account=account, failed=arguments.failed)
    nothing = "no mail has failed" if arguments.failed else "no mail yet"
    return Answer([_value(mail) for mail in mails], table([_row(mail) for mail in mails], nothing))


async def show(here: Here, arguments: argparse.Namespace) -> Answer:
    """What it says as well, as far as that is kept; never a link that lets its reader in."""
    async with here.database.read() as view:
        mail = await view.outbox.mail(arguments.mail)
    if mail is None:
        raise NotFound(f"there is no mail {arguments.mail}: see `backsight-cloud mail list`")
    text = _text(here, mail)
    lines = [f"{name + ':':<8} {value}" for name, value in _row(mail).items()]
    lines += [f"trouble: {mail.trouble}"] if mail.trouble else []
    return Answer({**_value(mail), "text": text}, [*lines, "", text or "(what it said is not kept)"])


async def again(here: Here, arguments: argparse.Namespace) -> Answer:
    mail = await send_again(here.database, arguments.mail, here.clock.now_ms())
    here.wake()
    return Answer({"mail": mail.id, "again": True}, [f"mail {mail.id} ({mail.kind}) is on its way again"])


def _text(here: Here, mail: Mail) -> str:
    known = KINDS.get(mail.kind)
    if known is None or has_secret(mail.kind) or not mail.to:
        return ""
    from backsight_cloud.adapters.mail import open_writer  # here, so that short commands load no templates

    settings = here.settings
    writer = open_writer(settings.mail, settings.http.address, settings.terms.currency, b"only to look at")
    return writer.letter(mail).text


def _value(mail: Mail) -> dict[str, object]:
    return {
        "mail": mail.id,
        "account": mail.account,
        "kind": mail.kind,
        "to": mail.to,
        "at_ms": mail.at_ms,
        "state": mail.state.value,
        "due_ms": mail.due_ms,
        "tries": mail.tries,
        "settled_ms": mail.settled_ms,
        "trouble": mail.trouble,
    }


def _row(mail: Mail) -> dict[str, object]:
    return {
        "mail": mail.id,
        "at": when(mail.at_ms),
        "kind": mail.kind,
        "to": mail.to or "-",
        "state": mail.state.value.replace("_", " "),
        "tries": mail.tries,
        "since": when(mail.settled_ms),
    }
