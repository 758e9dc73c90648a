"""Killed at any step of sending: every mail arrives; at most one of them twice, and then as the same mail."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.domain.notices import Notice
from backsight_cloud.mail_ports import MailState
from backsight_cloud.services.mailing import LEASE_MS
from fakes.clock import NOON_MS
from fakes.forked import KILLED, Lives, forked
from fakes.household import ANNA, move_in
from fakes.mail import smtp_server

NOTICES = [Notice(ANNA, "resumed", key, NOON_MS, {"plan": "plus"}) for key in ("one", "two", "three")]
MOST_STEPS = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
async def lives() -> AsyncIterator[Lives]:
    async with forked("fakes.dying_mailer") as found:
        yield found


async def fill(folder: Path) -> None:
    folder.mkdir()
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database:
        await move_in(database)
        async with database.begin() as tx:
            for notice in NOTICES:
                await tx.outbox.add(notice)


async def states(folder: Path) -> set[MailState]:
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as database, database.read() as view:
        return {mail.state for mail in await view.outbox.mails(10)}


async def test_killed_at_any_step_each_mail_arrives_and_at_most_one_twice(
    lives: Lives, tmp_path: Path
) -> None:
    twice = 0
    for kill_at in range(1, MOST_STEPS):
        folder = tmp_path / str(kill_at)
        await fill(folder)
        async with smtp_server() as server:
            ended, _ = await lives.live(folder, NOON_MS, server.port, kill_at)
            assert await lives.live(folder, NOON_MS + LEASE_MS, server.port, 0) == (0, [])
            got = Counter(message["Message-ID"] for message in server.got)
        assert set(got) == {f"<{notice.id}.1@care.example.org>" for notice in NOTICES}, kill_at
        assert sum(got.values()) <= len(NOTICES) + 1, kill_at
        assert await states(folder) == {MailState.SENT}
        twice += sum(got.values()) - len(NOTICES)
        if ended == 0:
            break
        assert ended == KILLED
    assert ended == 0
    assert twice == 9  # of each letter three steps lie between the server having it and that being committed
