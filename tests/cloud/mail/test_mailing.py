"""Mail in the outbox goes out once; what cannot be delivered is tried again, and holds up nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.notices import Notice
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.mail_ports import Mail, MailState, MailUnavailable
from backsight_cloud.services.mailing import (
    AT_ONCE,
    KEPT_MS,
    LEASE_MS,
    CannotSendAgain,
    Mailing,
    mail_forever,
    send_again,
)
from backsight_cloud.services.telling import MailTells
from backsight_cloud.services.wakes import Wakes
from fakes.clock import NOON_MS, FakeClock
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, DOOR, an_account, move_in
from fakes.mail import WRITER, FakeMailer

ANNAS, BERTS = "anna@example.org", "bert@example.org"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database() -> FakeDatabase:
    database = FakeDatabase()
    await move_in(database)
    return database


@pytest.fixture
def mailer() -> FakeMailer:
    return FakeMailer()


@pytest.fixture
def mailing(database: FakeDatabase, mailer: FakeMailer, clock: FakeClock) -> Mailing:
    return Mailing(database, mailer, WRITER, clock, ServiceVitals())


def a_notice(key: str = "one", account: str = ANNA, to: str = "", at_ms: int = NOON_MS) -> Notice:
    return Notice(account, "resumed", key, at_ms, {"plan": "plus", "camera": DOOR}, to)


def an_optional(key: str = "optional") -> Notice:
    return Notice(ANNA, "share_ended", key, NOON_MS, {"camera": DOOR})


async def add(database: FakeDatabase, *notices: Notice) -> None:
    async with database.begin() as tx:
        for notice in notices:
            assert await tx.outbox.add(notice)


async def the_mail(database: FakeDatabase, notice: Notice) -> Mail:
    async with database.read() as view:
        mail = await view.outbox.mail(notice.id)
    assert mail is not None
    return mail


@asynccontextmanager
async def running(mailing: Mailing, wakes: Wakes, clock: FakeClock) -> AsyncIterator[None]:
    task = asyncio.create_task(mail_forever(mailing, wakes, clock))
    await clock.advance(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class BrokenWriter:
    """Has no words for one account."""

    def letter(self, mail: Mail) -> Letter:
        if mail.account == ANNA:
            raise KeyError("words")
        return WRITER.letter(mail)


# ------------------------------------------------------------ on its way


async def test_what_is_due_goes_out_and_is_noted(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    await add(database, a_notice())
    assert await mailing.send_some() == 1
    assert mailer.receivers == [ANNAS]
    assert (await the_mail(database, a_notice())).state is MailState.SENT


async def test_it_goes_out_once(mailing: Mailing, database: FakeDatabase, mailer: FakeMailer) -> None:
    await add(database, a_notice())
    await mailing.send_some()
    assert await mailing.send_some() == 0
    assert len(mailer.delivered) == 1


async def test_many_share_a_connection(mailing: Mailing, database: FakeDatabase, mailer: FakeMailer) -> None:
    await add(database, *[a_notice(str(number)) for number in range(30)])
    await mailing.send_some()
    assert (len(mailer.delivered), mailer.connections) == (30, 1)


async def test_two_workers_send_each_mail_once(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    await add(database, *[a_notice(str(number)) for number in range(2 * AT_ONCE)])
    await asyncio.gather(mailing.send_some(), replace(mailing).send_some())
    assert len({letter.message_id for letter in mailer.delivered}) == len(mailer.delivered) == 2 * AT_ONCE


async def test_without_mail_there_is_no_connection(mailing: Mailing, mailer: FakeMailer) -> None:
    await mailing.send_some()
    assert mailer.connections == 0


async def test_a_wake_sends_at_once(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    wakes = Wakes()
    async with running(mailing, wakes, clock):
        async with database.begin() as tx:
            tells = MailTells(wakes, clock)
            await tells.tell(tx, "resumed", an_account(), "key", {"plan": "plus"})
        await clock.advance(0)
        assert mailer.receivers == [ANNAS]


async def test_a_wake_that_came_before_its_mail_was_there_is_looked_after(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    wakes = Wakes()
    async with running(mailing, wakes, clock):
        wakes.mail.set()
        await clock.advance(0)
        await add(database, a_notice())
        await clock.advance(1)
        assert mailer.receivers == [ANNAS]


async def test_mail_whose_wake_was_lost_goes_out_within_a_minute(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    async with running(mailing, Wakes(), clock):
        await add(database, a_notice())
        await clock.advance(60)
        assert mailer.receivers == [ANNAS]


# ------------------------------------------------------------ what cannot be delivered


async def test_a_refused_address_bounces_and_is_never_tried_again(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    mailer.refused = {ANNAS}
    await add(database, a_notice())
    await mailing.send_some()
    mailer.refused = set()
    clock.jump(10**9)
    await mailing.send_some()
    mail = await the_mail(database, a_notice())
    assert (mail.state, mail.trouble, mailer.delivered) == (MailState.BOUNCED, "550 no such user", [])


async def test_one_that_is_put_off_is_tried_again_after_a_minute(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    mailer.put_off = {ANNAS}
    await add(database, a_notice())
    async with running(mailing, Wakes(), clock):
        mailer.put_off = set()
        await clock.advance(59)
        assert mailer.delivered == []
        await clock.advance(2)
        assert mailer.receivers == [ANNAS]


async def test_one_that_is_put_off_for_three_days_is_given_up(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    mailer.put_off = {ANNAS}
    await add(database, a_notice())
    async with running(mailing, Wakes(), clock):
        await clock.advance(72 * 3600)
    mail = await the_mail(database, a_notice())
    assert mail.state is MailState.GIVEN_UP
    assert mail.tries == 17
    assert mailing.vitals.mails["given_up"] == 1


async def test_a_bad_address_holds_up_nobody(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    mailer.refused, mailer.put_off = {"bad@example.org"}, {"slow@example.org"}
    mailer.breaks_at = {"breaks@example.org"}
    bad = ["bad@example.org", "slow@example.org", "breaks@example.org"]
    await add(database, *[a_notice(to, to=to) for to in bad], a_notice("a"), a_notice("b", BERT))
    await mailing.send_some()
    assert sorted(mailer.receivers) == [ANNAS, BERTS]


async def test_a_server_that_is_away_is_told_and_nothing_is_lost(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    await add(database, a_notice("a"), a_notice("b", BERT))
    mailer.is_down = True
    with pytest.raises(MailUnavailable):
        await mailing.send_some()
    mailer.is_down = False
    clock.jump(60_000)
    await mailing.send_some()
    assert sorted(mailer.receivers) == [ANNAS, BERTS]


async def test_a_mail_that_cannot_be_written_holds_up_nobody(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    await add(database, a_notice("a"), a_notice("b", BERT))
    await replace(mailing, writer=BrokenWriter()).send_some()
    assert mailer.receivers == [BERTS]
    assert (await the_mail(database, a_notice("a"))).state is MailState.WAITING


async def test_a_worker_that_took_too_long_leaves_the_rest(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    class Slow(FakeMailer):
        async def deliver(self, letter: Letter) -> None:
            await super().deliver(letter)
            clock.jump(LEASE_MS // 3)

    slow = Slow()
    await add(database, *[a_notice(str(number)) for number in range(5)])
    await replace(mailing, mailer=slow).send_some()
    assert len(slow.delivered) == 3
    clock.jump(LEASE_MS)
    await mailing.send_some()
    assert len({letter.message_id for letter in (*slow.delivered, *mailer.delivered)}) == 5
    assert len(mailer.delivered) == 2


async def test_one_that_was_sent_but_not_noted_is_sent_once_more_with_the_same_message_id(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, clock: FakeClock
) -> None:
    class Dies(FakeMailer):
        async def deliver(self, letter: Letter) -> None:
            await super().deliver(letter)
            raise RuntimeError("the process ends here")

    dies = Dies()
    await add(database, a_notice())
    with pytest.raises(RuntimeError):
        await replace(mailing, mailer=dies).send_some()
    clock.jump(LEASE_MS)
    await mailing.send_some()
    await mailing.send_some()
    assert [letter.message_id for letter in mailer.delivered] == [dies.delivered[0].message_id]


# ------------------------------------------------------------ what nobody wants


async def test_a_kind_that_the_account_has_refused_is_not_sent(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    await add(database, an_optional(), a_notice())
    async with database.begin() as tx:
        for kind in ("share_ended", "resumed"):  # the second is required: refusing it changes nothing
            await tx.outbox.unsubscribe(ANNA, kind, NOON_MS)
    await mailing.send_some()
    assert [letter.subject for letter in mailer.delivered] == ["Plus goes on"]
    assert (await the_mail(database, an_optional())).state is MailState.UNWANTED


async def test_a_kind_that_is_switched_off_is_not_sent(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    await add(database, an_optional())
    await replace(mailing, switched_off={"share_ended"}).send_some()
    assert mailer.delivered == []
    assert (await the_mail(database, an_optional())).trouble == "switched off in cloud.toml"


# ------------------------------------------------------------ again


async def test_an_operator_sends_a_mail_again(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    await add(database, a_notice())
    await mailing.send_some()
    await send_again(database, a_notice().id, NOON_MS)
    await mailing.send_some()
    assert len(mailer.delivered) == 2


async def test_a_link_that_was_sent_is_not_sent_again(mailing: Mailing, database: FakeDatabase) -> None:
    facts = {"link": "https://care.example.org/reset/secret", "until_ms": NOON_MS + 1}
    reset = Notice(ANNA, "reset_password", "reset", NOON_MS, facts)
    await add(database, reset)
    await mailing.send_some()
    with pytest.raises(CannotSendAgain, match="link that works once"):
        await send_again(database, reset.id, NOON_MS)


async def test_what_is_forgotten_is_not_sent_again(
    mailing: Mailing, database: FakeDatabase, clock: FakeClock
) -> None:
    await add(database, a_notice())
    await mailing.send_some()
    clock.jump(KEPT_MS + 1)
    await mailing.tidy()
    with pytest.raises(CannotSendAgain, match="too old"):
        await send_again(database, a_notice().id, NOON_MS)


async def test_what_never_was_is_not_sent_again(database: FakeDatabase) -> None:
    with pytest.raises(CannotSendAgain, match="no mail nothing"):
        await send_again(database, "nothing", NOON_MS)


# ------------------------------------------------------------ what is told of it


async def test_it_is_counted_what_became_of_mails(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer
) -> None:
    mailer.refused, mailer.put_off = {"bad@example.org"}, {"slow@example.org"}
    await add(
        database, a_notice("a"), a_notice("b", to="bad@example.org"), a_notice("c", to="slow@example.org")
    )
    await mailing.send_some()
    await mailing.send_some()
    assert dict(mailing.vitals.mails) == {"sent": 1, "bounced": 1, "put_off": 1}
    assert mailing.vitals.mails_waiting == 1


async def test_the_log_names_the_mail_and_no_address(
    mailing: Mailing, database: FakeDatabase, mailer: FakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailer.refused = {ANNAS}
    await add(database, a_notice())
    await mailing.send_some()
    assert a_notice().id in caplog.text
    assert ANNAS not in caplog.text
