"""Delivers mail into a folder, one .eml file each: for a machine without a mail server, or to look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path

from backsight_cloud.adapters.mail_message import message_of
from backsight_cloud.adapters.secret_files import SecretUnreadable, make_private_folder, write_private
from backsight_cloud.domain.letters import Letter
from backsight_cloud.mail_ports import MailUnavailable, Postman
from backsight_shared.clock import Clock


@dataclass(frozen=True, slots=True)
class FolderMailer:
    """Implements the ports `Mailer` and `Postman`. The files are for us only: some have links that let in."""

    folder: Path
    sender: Address
    reply_to: str
    clock: Clock

    @asynccontextmanager
    async def on_the_way(self) -> AsyncIterator[Postman]:
        try:
            await asyncio.to_thread(make_private_folder, self.folder)
        except SecretUnreadable as error:
            raise MailUnavailable(f"the mail folder cannot be used: {error}") from error
        yield self

    async def deliver(self, letter: Letter) -> None:
        """Written whole; a letter that is delivered again replaces itself."""
        message = message_of(letter, self.sender, self.reply_to, self.clock.now_ms())
        file = self.folder / f"{_written_name(letter)}.eml"
        try:
            await asyncio.to_thread(write_private, file, message.as_bytes())
        except SecretUnreadable as error:
            raise MailUnavailable(f"mail cannot be written: {error}") from error


def _written_name(letter: Letter) -> str:
    moment = datetime.fromtimestamp(letter.at_ms / 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}.{letter.at_ms % 1000:03}Z-{letter.name}"
