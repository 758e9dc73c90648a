"""A service that sends what is in its outbox, and kills itself (SIGKILL) at the step that it is told.

Run as a process, `python -m fakes.dying_mailer`. Each line of its input is one life, "FOLDER NOW_MS PORT
KILL_AT" (0: not at all; `fakes/forked.py`). A step is the moment before and after each transaction, and
before and after each letter goes to the mail server.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from email.headerregistry import Address
from pathlib import Path

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.mail_smtp import SmtpMailer, SmtpPlace
from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.mail_ports import Mailer, Postman
from backsight_cloud.services.mailing import Mailing
from fakes.clock import FakeClock
from fakes.dying_cloud import SteppingDatabase, Steps
from fakes.forked import serve_lives
from fakes.mail import WRITER


class SteppingMailer:
    def __init__(self, mailer: Mailer, step: Callable[[], None]) -> None:
        self._mailer, self._step = mailer, step
        self._postman: Postman | None = None

    @asynccontextmanager
    async def on_the_way(self) -> AsyncIterator[Postman]:
        async with self._mailer.on_the_way() as self._postman:
            yield self

    async def deliver(self, letter: Letter) -> None:
        assert self._postman is not None
        self._step()
        await self._postman.deliver(letter)
        self._step()


async def main(folder: Path, now_ms: int, port: int, kill_at: int) -> None:
    step, clock = Steps(kill_at), FakeClock(now_ms)
    sender = Address("Backsight", addr_spec="care@example.org")
    smtp = SmtpMailer(SmtpPlace("127.0.0.1", port, "none"), sender, "", clock)
    async with open_database(f"sqlite+aiosqlite:///{folder}/cloud.db") as opened:
        database = SteppingDatabase(opened, step)
        await Mailing(database, SteppingMailer(smtp, step), WRITER, clock, ServiceVitals()).send_some()


async def live(words: Sequence[str]) -> None:
    folder, now_ms, port, kill_at = words
    await main(Path(folder), int(now_ms), int(port), int(kill_at))


if __name__ == "__main__":
    serve_lives(live)
