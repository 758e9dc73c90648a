"""The outbox of mail in memory: a part of the fake database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backsight_cloud.domain.notices import Notice, without_secrets
from backsight_cloud.mail_ports import Mail, MailState
from backsight_cloud.ports import OwnerMissing

if TYPE_CHECKING:
    from fakes.database import State


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail, and what only the outbox knows of it."""

    mail: Mail
    own_address: bool
    lease_until_ms: int = 0


class FakeOutbox:
    def __init__(self, state: "State") -> None:
        self._state = state

    async def add(self, notice: Notice) -> bool:
        account = self._state.accounts.get(notice.account)
        if account is None:
            raise OwnerMissing("there is no account to send this mail to")
        if notice.id in self._state.mails:
            return False
        mail = Mail(
            id=notice.id,
            account=notice.account,
            kind=notice.kind,
            at_ms=notice.at_ms,
            to=notice.to or account.email,
            zone=account.zone,
            facts=json.loads(json.dumps(dict(notice.facts))),
            names=self._names(notice),
            due_ms=notice.at_ms,
            wanted_ms=notice.at_ms,
        )
        self._state.mails[notice.id] = MailRow(mail, own_address=not notice.to)
        return True

    async def claim(self, limit: int, now_ms: int, lease_ms: int) -> Sequence[Mail]:
        free = [row.mail for row in self._waiting() if max(row.mail.due_ms, row.lease_until_ms) <= now_ms]
        claimed = []
        for mail in sorted(free, key=lambda mail: (mail.due_ms, mail.at_ms, mail.id))[:limit]:
            tried = replace(mail, tries=mail.tries + 1, claims=mail.claims + 1)
            row = self._state.mails[mail.id]
            self._state.mails[mail.id] = replace(row, mail=tried, lease_until_ms=now_ms + lease_ms)
            claimed.append(tried)
        return claimed

    async def settle(self, mail: Mail, state: MailState, now_ms: int, trouble: str = "") -> None:
        facts = without_secrets(mail.kind, mail.facts)
        self._change(mail, state=state, settled_ms=now_ms, trouble=trouble, facts=facts)

    async def put_off(self, mail: Mail, due_ms: int, trouble: str) -> None:
        self._change(mail, due_ms=due_ms, trouble=trouble)

    async def again(self, mail_id: str, now_ms: int) -> bool:
        row = self._state.mails.get(mail_id)
        if row is None:
            return False
        mail, account = row.mail, self._state.accounts[row.mail.account]
        anew = replace(
            mail,
            state=MailState.WAITING,
            to=account.email if row.own_address else mail.to,
            due_ms=now_ms,
            wanted_ms=now_ms,
            tries=0,
            round=mail.round + (mail.state is not MailState.WAITING),
            settled_ms=None,
        )
        self._state.mails[mail_id] = replace(row, mail=anew)
        return True

    async def mail(self, mail_id: str) -> Mail | None:
        row = self._state.mails.get(mail_id)
        return row.mail if row else None

    async def mails(
        self,
        limit: int,
        *,
        account: str | None = None,
        failed: bool = False,
        after: tuple[int, str] | None = None,
    ) -> Sequence[Mail]:
        found = [row.mail for row in self._state.mails.values()]
        found = [mail for mail in found if account in (None, mail.account)]
        found = [mail for mail in found if mail.state.is_failed or not failed]
        found = [mail for mail in found if after is None or (mail.at_ms, mail.id) < after]
        return sorted(found, key=lambda mail: (mail.at_ms, mail.id), reverse=True)[:limit]

    async def next_due_ms(self) -> int | None:
        return min((max(row.mail.due_ms, row.lease_until_ms) for row in self._waiting()), default=None)

    async def waiting(self) -> int:
        return len(self._waiting())

    async def forget_before(self, moment_ms: int) -> int:
        gone = [row for row in self._state.mails.values() if self._may_go(row.mail, moment_ms)]
        for row in gone:
            empty = replace(row.mail, facts={}, names={}, to="", trouble="")
            self._state.mails[row.mail.id] = replace(row, mail=empty)
        return len(gone)

    async def unsubscribe(self, account: str, kind: str, now_ms: int) -> None:
        self._state.unsubscribed.setdefault((account, kind), now_ms)

    async def subscribe(self, account: str, kind: str) -> None:
        self._state.unsubscribed.pop((account, kind), None)

    async def unsubscribed(self, account: str) -> set[str]:
        return {kind for one, kind in self._state.unsubscribed if one == account}

    def _may_go(self, mail: Mail, moment_ms: int) -> bool:
        if mail.settled_ms is None or not (mail.to or mail.facts):
            return False
        return mail.settled_ms < moment_ms or self._state.accounts[mail.account].closed_ms is not None

    def _waiting(self) -> list[MailRow]:
        return [row for row in self._state.mails.values() if row.mail.state is MailState.WAITING]

    def _names(self, notice: Notice) -> dict[str, str]:
        cameras = self._state.cameras.values()
        return {c.id: c.name for c in cameras if c.account == notice.account and c.id in notice.cameras}

    def _change(self, mail: Mail, **values: object) -> None:
        row = self._state.mails.get(mail.id)
        if row is None or row.mail.claims != mail.claims or row.mail.state is not MailState.WAITING:
            return
        changed = replace(row.mail, **values)  # type: ignore[arg-type]
        self._state.mails[mail.id] = MailRow(changed, row.own_address)
