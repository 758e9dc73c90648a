"""A mailer hands letters over as they are, whichever way they take: nothing in them becomes anything else."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from backsight_cloud.adapters.mail_folder import FolderMailer
from backsight_cloud.adapters.mail_smtp import SmtpMailer, SmtpPlace
from backsight_cloud.domain.letters import Letter
from backsight_cloud.mail_ports import AddressRefused, Mailer
from fakes.clock import NOON_MS, FakeClock
from fakes.mail import a_letter, smtp_server

SENDER = Address("Backsight", addr_spec="care@example.org")
REPLY_TO = "people@example.org"


@dataclass
class Way:
    """A mailer, and what has arrived by it."""

    mailer: Mailer
    raw: Callable[[], list[bytes]]

    @property
    def got(self) -> list[EmailMessage]:
        return [message_from_bytes(one, policy=policy.default) for one in self.raw()]

    async def deliver(self, *letters: Letter) -> None:
        async with self.mailer.on_the_way() as postman:
            for letter in letters:
                await postman.deliver(letter)


@pytest.fixture(params=["folder", "smtp"])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    clock = FakeClock()
    if request.param == "folder":
        mailer = FolderMailer(tmp_path / "outbox", SENDER, REPLY_TO, clock)
        yield Way(mailer, lambda: [file.read_bytes() for file in sorted(mailer.folder.glob("*.eml"))])
        return
    async with smtp_server() as server:
        place = SmtpPlace("127.0.0.1", server.port, "none")
        yield Way(SmtpMailer(place, SENDER, REPLY_TO, clock), lambda: server.raw)


async def test_who_writes_to_whom_about_what(way: Way) -> None:
    await way.deliver(a_letter())
    message = way.got[0]
    assert message["From"] == "Backsight <care@example.org>"
    assert (message["To"], message["Subject"]) == ("anna@example.org", "A subject")
    assert message["Reply-To"] == REPLY_TO


async def test_its_date_is_now_and_its_message_id_is_the_letters(way: Way) -> None:
    await way.deliver(a_letter())
    assert parsedate_to_datetime(way.got[0]["Date"]).timestamp() * 1000 == NOON_MS
    assert way.got[0]["Message-ID"] == "<one@care.example.org>"


async def test_no_machine_shall_answer(way: Way) -> None:
    await way.deliver(a_letter())
    assert way.got[0]["Auto-Submitted"] == "auto-generated"


async def test_it_can_be_read_as_text_and_as_html(way: Way) -> None:
    await way.deliver(a_letter())
    message = way.got[0]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert message.get_content_type() == "multipart/alternative"
    assert (text and text.get_content().strip()) == "Text."
    assert (html and html.get_content().strip()) == "<p>HTML.</p>"


async def test_letters_of_all_languages_arrive_as_they_are(way: Way) -> None:
    words = "Küche, 子供部屋, המצלמה, 👩‍🌾, $14.79 − €2.99"
    await way.deliver(replace(a_letter(), subject=words * 4, text=f"{words}\n.\n..two\nFrom me\n"))
    message = way.got[0]
    body = message.get_body(("plain",))
    assert message["Subject"] == words * 4
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == f"{words}\n.\n..two\nFrom me\n"


async def test_no_line_is_longer_than_the_standard_allows(way: Way) -> None:
    letter = replace(a_letter(), text="x" * 5000, html="<p>" + "y" * 5000 + "</p>", subject="z " * 300)
    await way.deliver(letter)
    assert max(len(line) for line in way.raw()[0].split(b"\r\n")) <= 998


async def test_a_long_address_to_unsubscribe_is_not_torn(way: Way) -> None:
    address = f"<https://care.example.org/mail/unsubscribe/{'x' * 200}>"
    headers = {"List-Unsubscribe": address, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    await way.deliver(replace(a_letter(), headers=headers))
    assert f"List-Unsubscribe: {address}\r\n".encode() in way.raw()[0].replace(b"\r\n ", b"\r\n ")
    assert way.got[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("field", ["subject", "to"])
async def test_nothing_in_a_letter_becomes_a_header(way: Way, field: str) -> None:
    letter = replace(a_letter(), **{field: "anna@example.org\r\nBcc: all@example.org"})  # type: ignore[arg-type]
    with pytest.raises((AddressRefused, ValueError)):
        await way.deliver(letter)
    assert way.got == []


@pytest.mark.parametrize("to", ["", "anna", "anna@", "@example.org", "a b@example.org", "a@b, c@d"])
async def test_what_is_no_address_is_refused(way: Way, to: str) -> None:
    with pytest.raises(AddressRefused):
        await way.deliver(replace(a_letter(), to=to))


async def test_many_go_the_same_way(way: Way) -> None:
    letters = [replace(a_letter(message_id=f"{n}@x.org"), name=f"{n}") for n in range(5)]
    await way.deliver(*letters)
    assert [message["Message-ID"] for message in way.got] == [f"<{n}@x.org>" for n in range(5)]


async def test_lines_end_as_mail_lines_do(way: Way) -> None:
    await way.deliver(a_letter())
    assert not re.search(rb"[^\r]\n", way.raw()[0])
