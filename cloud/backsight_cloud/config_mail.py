"""What cloud.toml says about mail; a part of `config.py`."""

import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path

from backsight_cloud.domain.notices import KINDS, OPTIONAL
from backsight_shared.settings import Choice, Listen


class MailTls(Choice):
    """How the way to the mail server is sealed."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sender:
    """An address with a name to it, written `Backsight <care@example.org>` or `care@example.org`."""

    name: str
    address: str

    @classmethod
    def from_text(cls, text: str) -> "Sender":
        """Raises ValueError for anything else."""
        written = re.fullmatch(r'(?:([^<>@"]*)<([^<>\s]+)>|([^<>\s]+))', text.strip())
        address = (written[2] or written[3]) if written and text.isprintable() else ""
        if not written or not _is_address(address):
            raise ValueError('must be an e-mail address like "Backsight <care@example.org>"')
        return cls((written[1] or "").strip(), address)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


NOBODY = Sender("Backsight", "backsight@localhost")  # good enough for a folder


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail goes out: to an SMTP server, or else into a folder."""

    from_: Sender = field(default_factory=lambda: NOBODY)
    reply_to: Sender | None = None  # where somebody reads what people answer
    smtp: Listen | None = None
    tls: MailTls = MailTls.STARTTLS
    ca_file: Path | None = None  # whom to trust, instead of the machine's authorities
    user: str = ""
    password_file: Path | None = None
    folder: Path | None = None  # without `smtp`; none: `outbox` in the state folder
    optional: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for fault in filter(None, (self._way_fault(), self._login_fault(), self._optional_fault())):
            raise ValueError(fault)

    @property
    def switched_off(self) -> frozenset[str]:
        return frozenset(kind for kind, is_on in self.optional.items() if not is_on)

    def _way_fault(self) -> str:
        if self.smtp and self.folder:
            return "has both `smtp` and `folder`: mail goes one way"
        if self.smtp and self.from_ == NOBODY:
            return 'needs `from`, an address like "Backsight <care@example.org>" that the server lets us use'
        return "has `user` and no `smtp`" if self.user and not self.smtp else ""

    def _login_fault(self) -> str:
        if bool(self.user) != bool(self.password_file):
            return "needs both `user` and `password_file`, or neither"
        if self.user and self.tls is MailTls.NONE and self.smtp and not _is_near(self.smtp.host):
            return 'would send its password in the clear: use tls = "starttls" or "tls"'
        return ""

    def _optional_fault(self) -> str:
        for kind in self.optional:
            if kind not in KINDS:
                return f"optional.{kind} is no kind of mail; optional are: {', '.join(sorted(OPTIONAL))}"
            if kind not in OPTIONAL:
                return f"optional.{kind} cannot be switched off; optional are: {', '.join(sorted(OPTIONAL))}"
        return ""


def _is_address(text: str) -> bool:
    try:
        written = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        return False
    return bool(written.username and written.domain) and text.isascii()


def _is_near(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
