"""[mail] in cloud.toml says one way for mail, with nothing in the clear that should not be, or is refused."""

from pathlib import Path

import pytest

from backsight_cloud.adapters.mail import MailSettingsUnusable, open_mailer
from backsight_cloud.adapters.mail_folder import FolderMailer
from backsight_cloud.adapters.mail_smtp import SmtpMailer
from backsight_cloud.config import Settings, load
from backsight_shared.settings import BadSettings
from fakes.clock import FakeClock
from fakes.mail import a_letter

SMTP = 'from = "care@example.org"\nsmtp = "mail.example.org:587"\n'


def loaded(folder: Path, mail: str) -> Settings:
    (folder / "cloud.toml").write_text(f'state = "state"\n[mail]\n{mail}')
    return load(folder / "cloud.toml")


def test_without_a_word_mail_goes_to_the_outbox_in_the_state_folder(tmp_path: Path) -> None:
    mailer = open_mailer(loaded(tmp_path, "").mail, tmp_path / "state", FakeClock())
    assert isinstance(mailer, FolderMailer)
    assert mailer.folder == tmp_path / "state" / "outbox"


def test_a_sender_may_have_a_name(tmp_path: Path) -> None:
    sender = loaded(tmp_path, 'from = "Backsight Care <care@example.org>"\n').mail.from_
    assert (sender.name, sender.address, sender.domain) == (
        "Backsight Care",
        "care@example.org",
        "example.org",
    )


def test_a_server_is_reached_with_starttls_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    mailer = open_mailer(loaded(tmp_path, SMTP).mail, tmp_path, FakeClock())
    assert isinstance(mailer, SmtpMailer)
    assert (mailer.place.host, mailer.place.port, mailer.place.tls) == ("mail.example.org", 587, "starttls")


def test_a_password_comes_from_its_file_and_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a very secret word\n")
    (tmp_path / "password").chmod(0o600)
    settings = loaded(tmp_path, SMTP + 'user = "care"\npassword_file = "password"\n')
    mailer = open_mailer(settings.mail, tmp_path, FakeClock())
    assert isinstance(mailer, SmtpMailer)
    assert mailer.place.password == "a very secret word"
    assert "a very secret word" not in repr(mailer) + repr(settings)


@pytest.mark.parametrize(("content", "mode", "says"), [("x", 0o644, "chmod 600"), ("", 0o600, "is empty")])
def test_a_password_file_that_others_can_read_or_that_says_nothing_is_refused(
    tmp_path: Path, content: str, mode: int, says: str
) -> None:
    (tmp_path / "password").write_text(content)
    (tmp_path / "password").chmod(mode)
    settings = loaded(tmp_path, SMTP + 'user = "care"\npassword_file = "password"\n')
    with pytest.raises(MailSettingsUnusable, match=says):
        open_mailer(settings.mail, tmp_path, FakeClock())


def test_a_file_of_authorities_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing")
    with pytest.raises(MailSettingsUnusable, match="no file of certificates"):
        open_mailer(loaded(tmp_path, SMTP + 'ca_file = "ca.crt"\n').mail, tmp_path, FakeClock())


def test_an_optional_kind_can_be_switched_off(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[mail.optional]\ncamera_added = false\nshare_ended = true\n")
    assert settings.mail.switched_off == {"camera_added"}


@pytest.mark.parametrize(
    ("mail", "says"),
    [
        ('from = "nobody"\n', "must be an e-mail address"),
        ('from = "A <a@b.org>\\r\\nBcc: c@d.org"\n', "must be an e-mail address"),
        ('smtp = "mail.example.org:587"\n', "needs `from`"),
        (SMTP + 'folder = "there"\n', "has both"),
        (SMTP + 'user = "care"\n', "needs both"),
        (SMTP + 'tls = "perhaps"\n', 'must be "starttls" or "tls" or "none"'),
        (SMTP + 'tls = "none"\nuser = "care"\npassword_file = "p"\n', "in the clear"),
        ("[mail.optional]\nreceipt = false\n", "cannot be switched off"),
        ("[mail.optional]\nnews = false\n", "is no kind of mail"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, mail: str, says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        loaded(tmp_path, mail)


async def test_files_in_the_folder_sort_by_time_are_whole_and_are_for_us_only(tmp_path: Path) -> None:
    mailer = open_mailer(loaded(tmp_path, "").mail, tmp_path, FakeClock())
    async with mailer.on_the_way() as postman:
        await postman.deliver(a_letter())
        await postman.deliver(a_letter())
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.name == "20261124T120000.000Z-one.eml"
    assert (file.stat().st_mode & 0o777, (tmp_path / "outbox").stat().st_mode & 0o777) == (0o600, 0o700)
