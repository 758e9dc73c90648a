"""Delivers mail by SMTP: many letters over one connection, and what the server says in our words."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from backsight_cloud.adapters.mail_message import message_of
from backsight_cloud.domain.letters import Letter
from backsight_cloud.mail_ports import AddressRefused, MailUnavailable, NotNow, Postman
from backsight_shared.clock import Clock

TIMEOUT_S = 30.0  # seconds that the server may take for one answer
GOODBYE_S = 5.0  # seconds for the last words

_CLOSING = 421  # the server says that it ends the connection


@dataclass(frozen=True, slots=True)
class SmtpPlace:
    """Where mail is handed over, and how."""

    host: str
    port: int
    tls: str  # "starttls": required, not only if offered; "tls": from the first byte; "none"
    context: ssl.SSLContext | None = None  # whom to trust; the machine's authorities, if None
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Implements the port `Mailer`."""

    place: SmtpPlace
    sender: Address
    reply_to: str
    clock: Clock

    @asynccontextmanager
    async def on_the_way(self) -> AsyncIterator[Postman]:
        smtp = self._client()
        try:
            with _told(self.place):
                await smtp.connect()
                if self.place.user:
                    await smtp.login(self.place.user, self.place.password)
            yield _SmtpPostman(smtp, self)
        finally:
            await _goodbye(smtp)

    def _client(self) -> SMTP:
        place = self.place
        return SMTP(
            hostname=place.host,
            port=place.port,
            timeout=place.timeout_s,
            use_tls=place.tls == "tls",
            start_tls=place.tls == "starttls",
            tls_context=place.context,
        )


@dataclass(frozen=True, slots=True)
class _SmtpPostman:
    smtp: SMTP
    mailer: SmtpMailer

    async def deliver(self, letter: Letter) -> None:
        """The server answers for it once it has said 250 to the last dot."""
        mailer = self.mailer
        message = message_of(letter, mailer.sender, mailer.reply_to, mailer.clock.now_ms())
        if not self.smtp.is_connected:
            raise MailUnavailable(f"{_name(mailer.place)} has ended the connection")
        with _told(mailer.place):
            await self.smtp.send_message(message, sender=mailer.sender.addr_spec, recipients=[letter.to])


async def _goodbye(smtp: SMTP) -> None:
    """Nothing depends on it."""
    if smtp.is_connected:
        with suppress(SMTPException, OSError, TimeoutError):
            await asyncio.wait_for(smtp.quit(), GOODBYE_S)
    smtp.close()


@contextmanager
def _told(place: SmtpPlace) -> Iterator[None]:
    """The library's errors in our words."""
    try:
        yield
    except SMTPRecipientsRefused as error:
        raise _refused(error.recipients[0]) from error
    except SMTPAuthenticationError as error:
        text = f"{_name(place)} refuses our login: look at `user` and `password_file` in [mail]"
        raise MailUnavailable(text) from error
    except SMTPSenderRefused as error:
        if error.code == _CLOSING:
            raise _refused(error) from error
        raise NotNow(f"the server does not take mail from `from` in [mail]: {_said(error)}") from error
    except (SMTPRecipientRefused, SMTPDataError) as error:
        raise _refused(error) from error
    except SMTPNotSupported as error:
        raise _not_supported(place, str(error)) from error
    except (SMTPException, OSError, TimeoutError) as error:  # also a certificate that is not trusted
        raise MailUnavailable(f"{_name(place)} is not to be reached: {_in_words(error)}") from error
    except ValueError as error:  # the library finds no way to say this address
        raise AddressRefused("this address cannot be written in a mail") from error


def _refused(error: SMTPResponseException) -> Exception:
    if error.code == _CLOSING:
        return MailUnavailable(f"the server ends the connection: {_said(error)}")
    return AddressRefused(_said(error)) if error.code >= 500 else NotNow(_said(error))


def _not_supported(place: SmtpPlace, text: str) -> Exception:
    if "SMTPUTF8" in text:
        return AddressRefused("the server takes no address with letters like these")
    return MailUnavailable(f"{_name(place)} does not do what [mail] asks for: {text}")


def _said(error: SMTPResponseException) -> str:
    return " ".join(f"{error.code} {error.message}".split())


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _name(place: SmtpPlace) -> str:
    return f"the mail server {place.host}:{place.port}"
