"""A way for mail that is all in memory, an SMTP server on loopback, and mails to send."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from backsight_cloud.adapters.mail_letters import Letterhead, LetterWriter
from backsight_cloud.domain.letters import Letter
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.mail_ports import AddressRefused, MailUnavailable, NotNow, Postman

HEAD = Letterhead("care.example.org", "https://care.example.org", "USD")
WRITER = LetterWriter(HEAD, Unsubscribing(b"a key for tests"))


def a_letter(to: str = "anna@example.org", message_id: str = "one@care.example.org") -> Letter:
    return Letter(message_id, "one", 1_795_521_600_000, to, "A subject", "Text.\n", "<p>HTML.</p>")


@dataclass
class FakeMailer:
    """Implements the ports `Mailer` and `Postman`; addresses decide what becomes of a letter."""

    delivered: list[Letter] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # for good
    put_off: set[str] = field(default_factory=set)
    breaks_at: set[str] = field(default_factory=set)  # the connection ends
    is_down: bool = False
    connections: int = 0

    @asynccontextmanager
    async def on_the_way(self) -> AsyncIterator[Postman]:
        if self.is_down:
            raise MailUnavailable("the mail server is not to be reached")
        self.connections += 1
        yield self

    async def deliver(self, letter: Letter) -> None:
        if letter.to in self.refused:
            raise AddressRefused("550 no such user")
        if letter.to in self.put_off:
            raise NotNow("450 come back later")
        if letter.to in self.breaks_at or self.is_down:
            raise MailUnavailable("the connection is gone")
        self.delivered.append(letter)

    @property
    def receivers(self) -> list[str]:
        return [letter.to for letter in self.delivered]


@dataclass
class SmtpServer:
    """What a real server has got, and how it behaves to whom. Handles aiosmtpd's hooks."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)  # by receiver, to RCPT
    data_answer: str = ""
    hangs: bool = False  # at DATA
    hangs_up: bool = False  # at DATA
    sealed: list[bool] = field(default_factory=list)
    connections: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hangs:
            await asyncio.sleep(30)
        if self.hangs_up and server.transport is not None:
            server.transport.close()
        if self.data_answer:
            return self.data_answer
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        transport = server.transport
        self.sealed.append(transport is not None and transport.get_extra_info("ssl_object") is not None)
        return "250 OK"


def _knows(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    ours = isinstance(data, LoginPassword) and (data.login, data.password) == (b"backsight", b"secret")
    return AuthResult(success=ours, handled=False)


@asynccontextmanager
async def smtp_server(
    context: ssl.SSLContext | None = None,
    *,
    asks_login: bool = False,
    from_the_first_byte: bool = False,
    all_letters: bool = True,  # in addresses (SMTPUTF8)
) -> AsyncIterator[SmtpServer]:
    """A real SMTP server on loopback; with a context it offers STARTTLS, or begins with TLS."""
    state = SmtpServer()

    def protocol() -> SMTP:
        state.connections += 1
        return SMTP(
            state,
            hostname="mail.example.org",
            tls_context=None if from_the_first_byte else context,
            require_starttls=context is not None and not from_the_first_byte,
            authenticator=_knows if asks_login else None,
            auth_required=asks_login,
            auth_require_tls=False,
            enable_SMTPUTF8=all_letters,
            loop=asyncio.get_running_loop(),
        )

    loop = asyncio.get_running_loop()
    tls = context if from_the_first_byte else None
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
