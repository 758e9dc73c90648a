"""Brings mail from the outbox on its way: each once, many over one connection, none held up by another.

A process that dies between sending and noting it sends that mail once more, with the same Message-ID.
"""

import logging
from collections import deque
from collections.abc import Sequence, Set
from dataclasses import dataclass

from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.mail_retrying import next_try_ms
from backsight_cloud.domain.notices import OPTIONAL, has_secret
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.mail_ports import (
    AddressRefused,
    Mail,
    Mailer,
    MailState,
    MailUnavailable,
    NotNow,
    Postman,
    Writer,
)
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock, sleep_or
from backsight_shared.errors import NeedsAttention

AT_ONCE = 50  # mails that are claimed together
LEASE_MS = 10 * 60_000  # as long as a worker may take for them
LAST_START_MS = 3 * 60_000  # so long before the lease ends, no further one is begun: it may take minutes
LOOK_EVERY_S = 60.0  # in case a wake was lost
LOOK_AGAIN_S = 1.0  # after a wake that came before what it was for was written
KEPT_MS = 90 * 24 * 3_600_000  # so long after a mail its address and its facts are kept for the operator
TIDY_EVERY_S = 3600.0
LONGEST_TROUBLE = 300  # characters

log = logging.getLogger(__name__)


class CannotSendAgain(NeedsAttention):
    """There is no such mail, or what it said is not known any more."""


async def mail_forever(mailing: "Mailing", wakes: Wakes, clock: Clock) -> None:
    """Send what is due, whenever something is. Raises MailUnavailable, to be tried again soon."""
    woken, tidy_at = False, 0.0
    while True:
        sent = 0
        while some := await mailing.send_some():
            sent += some
        if clock.monotonic() >= tidy_at:
            await mailing.tidy()
            tidy_at = clock.monotonic() + TIDY_EVERY_S
        pause_s = LOOK_AGAIN_S if woken and not sent else await mailing.seconds_until_next()
        woken = await sleep_or(wakes.mail, min(pause_s, LOOK_EVERY_S), clock)


async def send_again(database: Database, mail_id: str, now_ms: int) -> Mail:
    """Let a mail be sent (again); it goes to the address that the account has now. Raises CannotSendAgain."""
    async with database.begin() as tx:
        mail = await tx.outbox.mail(mail_id)
        if mail is None:
            raise CannotSendAgain(f"there is no mail {mail_id}: see `backsight-cloud mail list`")
        _check_known(mail)
        await tx.outbox.again(mail_id, now_ms)
    return mail


@dataclass(frozen=True, slots=True)
class Mailing:
    """One worker of any number."""

    database: Database
    mailer: Mailer
    writer: Writer
    clock: Clock
    vitals: ServiceVitals
    switched_off: Set[str] = frozenset()  # kinds that cloud.toml wants no mail of

    async def send_some(self) -> int:
        """One round: how many mails it was about."""
        async with self.database.begin() as tx:
            claimed = await tx.outbox.claim(AT_ONCE, self.clock.now_ms(), LEASE_MS)
            wanted = [mail for mail in claimed if await self._is_wanted(tx, mail)]
            self.vitals.mails_waiting = await tx.outbox.waiting()
        if wanted:
            await self._send(wanted, self.clock.now_ms() + LEASE_MS - LAST_START_MS)
        return len(claimed)

    async def tidy(self) -> None:
        """Forget what is long over."""
        async with self.database.begin() as tx:
            await tx.outbox.forget_before(self.clock.now_ms() - KEPT_MS)

    async def seconds_until_next(self) -> float:
        async with self.database.read() as view:
            due_ms = await view.outbox.next_due_ms()
        return LOOK_EVERY_S if due_ms is None else max(0.0, (due_ms - self.clock.now_ms()) / 1000)

    async def _is_wanted(self, tx: Transaction, mail: Mail) -> bool:
        """Only a kind that is optional can be refused."""
        if mail.kind not in OPTIONAL:
            return True
        if mail.kind in self.switched_off:
            await self._settle(tx, mail, MailState.UNWANTED, "switched off in cloud.toml")
        elif mail.kind in await tx.outbox.unsubscribed(mail.account):
            await self._settle(tx, mail, MailState.UNWANTED, "the account wants no mail of this kind")
        else:
            return True
        return False

    async def _send(self, mails: Sequence[Mail], until_ms: int) -> None:
        """Over one connection, or another when it breaks. What is not begun in time is left for later."""
        left = deque(mails)
        try:
            while left and self.clock.now_ms() <= until_ms:
                async with self.mailer.on_the_way() as postman:
                    while left and self.clock.now_ms() <= until_ms:
                        if not await self._send_one(postman, left.popleft()):
                            break
        except MailUnavailable as error:  # there is no connection to be had
            for mail in left:
                await self._put_off(mail, str(error))
            raise

    async def _send_one(self, postman: Postman, mail: Mail) -> bool:
        """False when the connection is of no use any more."""
        letter = self._written(mail)
        if letter is None:
            await self._put_off(mail, "it cannot be written: the service's log says why")
            return True
        try:
            await postman.deliver(letter)
        except AddressRefused as error:
            await self._settle_alone(mail, MailState.BOUNCED, str(error))
        except NotNow as error:
            await self._put_off(mail, str(error))
        except MailUnavailable as error:
            await self._put_off(mail, str(error))
            return False
        else:
            await self._settle_alone(mail, MailState.SENT)
        return True

    def _written(self, mail: Mail) -> Letter | None:
        """A mistake in one template is no reason for silence about everything else."""
        try:
            return self.writer.letter(mail)
        except Exception:
            log.exception("mail %s (%s) cannot be written", mail.id, mail.kind)
            return None

    async def _put_off(self, mail: Mail, trouble: str) -> None:
        now_ms = self.clock.now_ms()
        due_ms = next_try_ms(mail.tries, mail.wanted_ms, now_ms)
        if due_ms is None:
            await self._settle_alone(mail, MailState.GIVEN_UP, trouble)
            return
        self.vitals.mails["put_off"] += 1
        log.info("mail %s (%s) waits: try %d did not succeed", mail.id, mail.kind, mail.tries)
        async with self.database.begin() as tx:
            await tx.outbox.put_off(mail, due_ms, trouble[:LONGEST_TROUBLE])

    async def _settle_alone(self, mail: Mail, state: MailState, trouble: str = "") -> None:
        async with self.database.begin() as tx:
            await self._settle(tx, mail, state, trouble)

    async def _settle(self, tx: Transaction, mail: Mail, state: MailState, trouble: str = "") -> None:
        """The log names no address: `backsight-cloud mail show` does."""
        await tx.outbox.settle(mail, state, self.clock.now_ms(), trouble[:LONGEST_TROUBLE])
        self.vitals.mails[state.value] += 1
        if state.is_failed:
            words = "was refused" if state is MailState.BOUNCED else "was given up after three days"
            log.warning("mail %s (%s) %s: `backsight-cloud mail show` says more", mail.id, mail.kind, words)


def _check_known(mail: Mail) -> None:
    settled = mail.state is not MailState.WAITING
    if settled and not mail.to:
        raise CannotSendAgain(f"mail {mail.id} is too old: what it said, and to whom, is not kept any more")
    if settled and has_secret(mail.kind):
        raise CannotSendAgain(
            f"mail {mail.id} had a link that works once, and is not kept: its reader can ask for another one"
        )
