"""`backsight-cloud mail` lists what became of mails, shows one without its secrets, and sends one again."""

import argparse
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.commands import mails
from backsight_cloud.commands.arguments import parse
from backsight_cloud.commands.here import Here, NotFound
from backsight_cloud.config import Settings
from backsight_cloud.domain.notices import Notice
from backsight_cloud.mail_ports import MailState
from backsight_cloud.services.mailing import CannotSendAgain
from backsight_cloud.services.wakes import Wakes
from fakes.clock import NOON_MS, FakeClock
from fakes.household import ANNA, BERT, DOOR, move_in

RESUMED = Notice(ANNA, "resumed", "resumed", NOON_MS, {"plan": "plus", "camera": DOOR})
RESET = Notice(
    BERT,
    "reset_password",
    "reset",
    NOON_MS + 1,
    {"link": "https://x.org/reset/secret", "until_ms": NOON_MS + 9},
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as database:
        await move_in(database)
        async with database.begin() as tx:
            await tx.outbox.add(RESUMED)
            await tx.outbox.add(RESET)
        yield Here(Settings(state=tmp_path), database, FakeClock(NOON_MS + 10), Wakes())


def said(*words: str) -> argparse.Namespace:
    return parse(["mail", *words])


async def settle(here: Here, state: MailState) -> None:
    async with here.database.begin() as tx:
        for mail in await tx.outbox.claim(10, NOON_MS + 1, 1000):
            await tx.outbox.settle(mail, state, NOON_MS + 2, "550 no such user")


async def test_the_newest_are_listed_first(here: Here) -> None:
    answer = await mails.list_all(here, said("list"))
    assert [line.split()[3] for line in answer.lines[1:]] == ["reset_password", "resumed"]


async def test_those_of_an_account_are_listed(here: Here) -> None:
    answer = json.loads(
        (await mails.list_all(here, said("list", "--account", "anna@example.org"))).text(as_json=True)
    )
    assert [(mail["kind"], mail["to"], mail["state"]) for mail in answer] == [
        ("resumed", "anna@example.org", "waiting")
    ]


async def test_those_that_failed_are_listed(here: Here) -> None:
    assert (await mails.list_all(here, said("list", "--failed"))).lines == ["no mail has failed"]
    await settle(here, MailState.BOUNCED)
    assert len((await mails.list_all(here, said("list", "--failed"))).lines) == 3


async def test_one_is_shown_as_its_reader_has_it(here: Here) -> None:
    await settle(here, MailState.BOUNCED)
    shown = "\n".join((await mails.show(here, said("show", RESUMED.id))).lines)
    assert "Plus for “Front door” goes on" in shown
    assert "trouble: 550 no such user" in shown


async def test_a_link_that_lets_its_reader_in_is_not_shown(here: Here) -> None:
    answer = await mails.show(here, said("show", RESET.id))
    assert "secret" not in answer.text(as_json=True) + "\n".join(answer.lines)


async def test_one_that_is_not_there_is_complained_of(here: Here) -> None:
    with pytest.raises(NotFound, match="there is no mail nothing"):
        await mails.show(here, said("show", "nothing"))
    with pytest.raises(CannotSendAgain, match="there is no mail nothing"):
        await mails.again(here, said("again", "nothing"))


async def test_one_is_sent_again(here: Here) -> None:
    await settle(here, MailState.SENT)
    await mails.again(here, said("again", RESUMED.id))
    async with here.database.read() as view:
        mail = await view.outbox.mail(RESUMED.id)
    assert mail is not None
    assert (mail.state, mail.round) == (MailState.WAITING, 2)
