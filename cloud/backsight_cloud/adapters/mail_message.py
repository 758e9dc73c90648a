"""Writes a letter as mail servers take it (RFC 5322), so that nothing in it can be taken for a header."""

import re
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime

from backsight_cloud.domain.letters import Letter
from backsight_cloud.mail_ports import AddressRefused


class _LongAddress(UnstructuredHeader, BaseHeader):
    """Not folded: a long word would be encoded, and be no address any more. 998 characters are allowed."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Subject(UnstructuredHeader, BaseHeader):
    """The library's own way loses a space where two encoded words meet."""

    def fold(self, *, policy: Policy) -> str:
        text = str(self)
        charset = "us-ascii" if text.isascii() else "utf-8"
        written = Header(text, charset, header_name="Subject").encode(linesep=policy.linesep)
        return f"{self.name}: {written}{policy.linesep}"


def _policy() -> "EmailPolicy[EmailMessage]":
    headers = HeaderRegistry()
    headers.map_to_type("list-unsubscribe", _LongAddress)
    headers.map_to_type("subject", _Subject)
    return SMTP.clone(header_factory=headers)


_POLICY = _policy()
_ADDRESS = re.compile(r'[^\s@<>()\[\]\\,;:"]{1,64}@[^\s@<>()\[\]\\,;:"]{1,255}')


def message_of(letter: Letter, sender: Address, reply_to: str, now_ms: int) -> EmailMessage:
    """Raises AddressRefused for an address that cannot be written."""
    if not _ADDRESS.fullmatch(letter.to) or not letter.to.isprintable():
        raise AddressRefused("this is no e-mail address")
    message = EmailMessage(_POLICY if letter.to.isascii() else _POLICY.clone(utf8=True))
    message["From"] = sender
    message["To"] = letter.to
    if reply_to:
        message["Reply-To"] = reply_to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, UTC))
    message["Message-ID"] = f"<{letter.message_id}>"
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please (RFC 3834)
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    return message
