"""Puts together how mail is written and which way it takes, as cloud.toml says."""

import ssl
from email.headerregistry import Address
from pathlib import Path

from backsight_cloud.adapters.mail_folder import FolderMailer
from backsight_cloud.adapters.mail_letters import Letterhead, LetterWriter
from backsight_cloud.adapters.mail_smtp import SmtpMailer, SmtpPlace
from backsight_cloud.config import Settings
from backsight_cloud.config_mail import MailSettings, Sender
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.mail_ports import Mailer, Writer
from backsight_cloud.ports import Database
from backsight_cloud.services.mailing import Mailing
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention
from backsight_shared.settings import Listen


class MailSettingsUnusable(NeedsAttention):
    """A file that [mail] names cannot be used."""


def open_mailing(
    settings: Settings, base: str, key: bytes, database: Database, vitals: ServiceVitals, clock: Clock
) -> Mailing:
    """`base`: where the pages are; `key` signs links that unsubscribe. Raises MailSettingsUnusable."""
    mailer = open_mailer(settings.mail, settings.state, clock)
    writer = open_writer(settings.mail, base, settings.terms.currency, key)
    return Mailing(database, mailer, writer, clock, vitals, settings.mail.switched_off)


def open_mailer(settings: MailSettings, state: Path, clock: Clock) -> Mailer:
    """Raises MailSettingsUnusable."""
    sender = _address(settings.from_)
    reply_to = settings.reply_to.address if settings.reply_to else ""
    if settings.smtp is None:
        return FolderMailer(settings.folder or state / "outbox", sender, reply_to, clock)
    return SmtpMailer(_place(settings, settings.smtp), sender, reply_to, clock)


def open_writer(settings: MailSettings, base: str, currency: str, key: bytes) -> Writer:
    head = Letterhead(settings.from_.domain, base.rstrip("/"), currency, settings.reply_to is not None)
    return LetterWriter(head, Unsubscribing(key))


def _place(settings: MailSettings, smtp: Listen) -> SmtpPlace:
    return SmtpPlace(
        host=smtp.host,
        port=smtp.port,
        tls=settings.tls.value,
        context=_context(settings.ca_file),
        user=settings.user,
        password=_password(settings.password_file),
    )


def _address(sender: Sender) -> Address:
    return Address(sender.name, addr_spec=sender.address)


def _context(ca_file: Path | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise MailSettingsUnusable(f"{ca_file}: is no file of certificates that can be read") from error


def _password(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        mode, password = file.stat().st_mode, file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise MailSettingsUnusable(f"{file}: cannot be read: {getattr(error, 'strerror', error)}") from error
    if mode & 0o077:
        raise MailSettingsUnusable(f"{file}: can be read by others: chmod 600 {file}")
    if not password:
        raise MailSettingsUnusable(f"{file}: is empty")
    return password
