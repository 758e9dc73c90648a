"""The outbox of mail in the database: claimed with a lease, so that workers can share it."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backsight_cloud.adapters.database.statements import batches, insert, larger
from backsight_cloud.adapters.database.tables import ACCOUNT, CAMERA
from backsight_cloud.adapters.database.tables_mail import OUTBOX, UNSUBSCRIBED
from backsight_cloud.domain.notices import Notice, without_secrets
from backsight_cloud.mail_ports import Mail, MailState
from backsight_cloud.ports import OwnerMissing

_WAITS = OUTBOX.c.state == MailState.WAITING
_FAILED = OUTBOX.c.state.in_([state for state in MailState if state.is_failed])
_GONE = {"facts": "{}", "names": "{}", "to": "", "trouble": ""}


class SqlOutbox:
    """Implements the port `Outbox`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, notice: Notice) -> bool:
        wanted = select(ACCOUNT.c.email, ACCOUNT.c.zone).where(ACCOUNT.c.id == notice.account)
        account = (await self._connection.execute(wanted)).first()
        if account is None:
            raise OwnerMissing("there is no account to send this mail to")
        names = await self._names(notice)
        row = _new_row(notice, notice.to or account.email, account.zone, names)
        statement = insert(self._connection, OUTBOX).values(row)
        added = await self._connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
        return added.rowcount > 0

    async def claim(self, limit: int, now_ms: int, lease_ms: int) -> Sequence[Mail]:
        free = (
            select(OUTBOX.c.id)
            .where(_WAITS, OUTBOX.c.due_ms <= now_ms, OUTBOX.c.lease_until_ms <= now_ms)
            .order_by(OUTBOX.c.due_ms, OUTBOX.c.at_ms, OUTBOX.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list((await self._connection.scalars(free)).all())
        lease = {
            "tries": OUTBOX.c.tries + 1,
            "claims": OUTBOX.c.claims + 1,
            "lease_until_ms": now_ms + lease_ms,
        }
        claimed: dict[str, Mail] = {}
        for some in batches(ids):
            await self._connection.execute(update(OUTBOX).where(OUTBOX.c.id.in_(some)).values(lease))
            rows = await self._connection.execute(select(OUTBOX).where(OUTBOX.c.id.in_(some)))
            claimed |= {row.id: _mail(row) for row in rows}
        return [claimed[one] for one in ids]

    async def settle(self, mail: Mail, state: MailState, now_ms: int, trouble: str = "") -> None:
        facts = json.dumps(without_secrets(mail.kind, mail.facts))
        values = {"state": state, "settled_ms": now_ms, "trouble": trouble, "facts": facts}
        await self._change(mail, values)

    async def put_off(self, mail: Mail, due_ms: int, trouble: str) -> None:
        await self._change(mail, {"due_ms": due_ms, "trouble": trouble})

    async def again(self, mail_id: str, now_ms: int) -> bool:
        address = select(ACCOUNT.c.email).where(ACCOUNT.c.id == OUTBOX.c.account).scalar_subquery()
        values = {
            "state": MailState.WAITING,
            "to": case((OUTBOX.c.own_address == 1, address), else_=OUTBOX.c.to),
            "due_ms": now_ms,
            "wanted_ms": now_ms,
            "tries": 0,
            "round": case((_WAITS, OUTBOX.c.round), else_=OUTBOX.c.round + 1),
            "settled_ms": None,
        }
        changed = update(OUTBOX).where(OUTBOX.c.id == mail_id).values(values)
        return (await self._connection.execute(changed)).rowcount > 0

    async def mail(self, mail_id: str) -> Mail | None:
        rows = await self._connection.execute(select(OUTBOX).where(OUTBOX.c.id == mail_id))
        return next((_mail(row) for row in rows), None)

    async def mails(
        self,
        limit: int,
        *,
        account: str | None = None,
        failed: bool = False,
        after: tuple[int, str] | None = None,
    ) -> Sequence[Mail]:
        where: list[ColumnElement[bool]] = [_FAILED] if failed else []
        where += [OUTBOX.c.account == account] if account is not None else []
        where += [_older(*after)] if after is not None else []
        newest = (OUTBOX.c.at_ms.desc(), OUTBOX.c.id.desc())
        rows = await self._connection.execute(select(OUTBOX).where(*where).order_by(*newest).limit(limit))
        return [_mail(row) for row in rows]

    async def next_due_ms(self) -> int | None:
        due = larger(OUTBOX.c.due_ms, OUTBOX.c.lease_until_ms)
        return await self._connection.scalar(select(func.min(due)).where(_WAITS))

    async def waiting(self) -> int:
        return await self._connection.scalar(select(func.count()).select_from(OUTBOX).where(_WAITS)) or 0

    async def forget_before(self, moment_ms: int) -> int:
        closed = select(ACCOUNT.c.id).where(ACCOUNT.c.closed_ms.is_not(None))
        old = or_(OUTBOX.c.settled_ms < moment_ms, OUTBOX.c.account.in_(closed))
        known = or_(OUTBOX.c.to != "", OUTBOX.c.facts != "{}")
        gone = update(OUTBOX).where(OUTBOX.c.settled_ms.is_not(None), old, known).values(_GONE)
        return (await self._connection.execute(gone)).rowcount

    async def unsubscribe(self, account: str, kind: str, now_ms: int) -> None:
        row = {"account": account, "kind": kind, "since_ms": now_ms}
        statement = insert(self._connection, UNSUBSCRIBED).values(row)
        await self._connection.execute(statement.on_conflict_do_nothing(index_elements=["account", "kind"]))

    async def subscribe(self, account: str, kind: str) -> None:
        this = (UNSUBSCRIBED.c.account == account, UNSUBSCRIBED.c.kind == kind)
        await self._connection.execute(delete(UNSUBSCRIBED).where(*this))

    async def unsubscribed(self, account: str) -> set[str]:
        kinds = select(UNSUBSCRIBED.c.kind).where(UNSUBSCRIBED.c.account == account)
        return set((await self._connection.scalars(kinds)).all())

    async def _names(self, notice: Notice) -> dict[str, str]:
        """Only of the account's own cameras: no other name gets into its mail."""
        if not notice.cameras:
            return {}
        ours = (CAMERA.c.account == notice.account, CAMERA.c.id.in_(sorted(notice.cameras)))
        rows = await self._connection.execute(select(CAMERA.c.id, CAMERA.c.name).where(*ours))
        return {row.id: row.name for row in rows}

    async def _change(self, mail: Mail, values: dict[str, Any]) -> None:
        ours = (OUTBOX.c.id == mail.id, OUTBOX.c.claims == mail.claims, _WAITS)
        await self._connection.execute(update(OUTBOX).where(*ours).values({**values, "lease_until_ms": 0}))


def _new_row(notice: Notice, to: str, zone: str, names: dict[str, str]) -> dict[str, object]:
    return {
        "id": notice.id,
        "account": notice.account,
        "kind": notice.kind,
        "at_ms": notice.at_ms,
        "to": to,
        "own_address": 0 if notice.to else 1,
        "zone": zone,
        "facts": json.dumps(dict(notice.facts)),
        "names": json.dumps(names),
        "state": MailState.WAITING,
        "due_ms": notice.at_ms,
        "lease_until_ms": 0,
        "wanted_ms": notice.at_ms,
        "tries": 0,
        "claims": 0,
        "round": 1,
        "trouble": "",
    }


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        id=row.id,
        account=row.account,
        kind=row.kind,
        at_ms=row.at_ms,
        to=row.to,
        zone=row.zone,
        facts=json.loads(row.facts),
        names=json.loads(row.names),
        state=MailState(row.state),
        due_ms=row.due_ms,
        wanted_ms=row.wanted_ms,
        tries=row.tries,
        claims=row.claims,
        round=row.round,
        settled_ms=row.settled_ms,
        trouble=row.trouble,
    )


def _older(at_ms: int, mail_id: str) -> ColumnElement[bool]:
    return or_(OUTBOX.c.at_ms < at_ms, and_(OUTBOX.c.at_ms == at_ms, OUTBOX.c.id < mail_id))
