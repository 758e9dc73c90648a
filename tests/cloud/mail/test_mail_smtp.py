"""A mail server's answers mean: delivered, never again, later, or not there; nothing goes unsealed."""

import ssl
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path

import pytest

from backsight_cloud.adapters.mail_smtp import SmtpMailer, SmtpPlace
from backsight_cloud.mail_ports import AddressRefused, MailUnavailable, NotNow
from fakes.certificates import TestAuthority
from fakes.clock import FakeClock
from fakes.mail import SmtpServer, a_letter, smtp_server

SENDER = Address("Backsight", addr_spec="care@example.org")


def a_mailer(server: SmtpServer, tls: str = "none", context: ssl.SSLContext | None = None) -> SmtpMailer:
    place = SmtpPlace("127.0.0.1", server.port, tls, context, timeout_s=5)
    return SmtpMailer(place, SENDER, "", FakeClock())


def with_login(mailer: SmtpMailer, password: str = "secret") -> SmtpMailer:
    return replace(mailer, place=replace(mailer.place, user="backsight", password=password))


async def deliver(mailer: SmtpMailer, to: str = "anna@example.org") -> None:
    async with mailer.on_the_way() as postman:
        await postman.deliver(a_letter(to))


@pytest.fixture
def authority() -> TestAuthority:
    return TestAuthority()


@pytest.fixture
def sealed(authority: TestAuthority, tmp_path: Path) -> ssl.SSLContext:
    """The server's side."""
    issued = authority.server()
    (tmp_path / "server.pem").write_bytes(issued.certificate_pem + issued.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    return context


def trusting(authority: TestAuthority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem)


# ------------------------------------------------------------ what the server says


@pytest.mark.parametrize("answer", ["550 no such user", "553 not allowed", "552 too large"])
async def test_a_receiver_that_is_refused_is_refused_for_good(answer: str) -> None:
    async with smtp_server() as server:
        server.answers = {"anna@example.org": answer}
        with pytest.raises(AddressRefused, match=answer):
            await deliver(a_mailer(server))


@pytest.mark.parametrize("answer", ["450 come back later", "452 mailbox full", "451 greylisted"])
async def test_a_receiver_that_is_put_off_is_for_later(answer: str) -> None:
    async with smtp_server() as server:
        server.answers = {"anna@example.org": answer}
        with pytest.raises(NotNow, match=answer):
            await deliver(a_mailer(server))


async def test_a_letter_may_be_refused_when_all_of_it_was_said() -> None:
    async with smtp_server() as server:
        server.data_answer = "554 looks like spam"
        with pytest.raises(AddressRefused, match="spam"):
            await deliver(a_mailer(server))


async def test_the_next_letter_goes_over_the_same_connection_after_a_refused_one() -> None:
    async with smtp_server() as server:
        server.answers = {"bad@example.org": "550 no", "slow@example.org": "450 later"}
        async with a_mailer(server).on_the_way() as postman:
            for to in ("bad@example.org", "slow@example.org"):
                with pytest.raises((AddressRefused, NotNow)):
                    await postman.deliver(a_letter(to))
            await postman.deliver(a_letter())
        assert [message["To"] for message in server.got] == ["anna@example.org"]
        assert server.connections == 1


async def test_a_server_that_ends_the_connection_is_not_there() -> None:
    async with smtp_server() as server:
        server.answers = {"anna@example.org": "421 closing"}
        with pytest.raises(MailUnavailable):
            await deliver(a_mailer(server))


async def test_a_connection_that_breaks_is_seen_and_so_is_that_it_is_gone() -> None:
    async with smtp_server() as server:
        server.hangs_up = True
        async with a_mailer(server).on_the_way() as postman:
            for _ in range(2):
                with pytest.raises(MailUnavailable):
                    await postman.deliver(a_letter())


async def test_a_server_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    async with smtp_server() as server:
        server.hangs = True
        mailer = a_mailer(server)
        with pytest.raises(MailUnavailable):
            await deliver(replace(mailer, place=replace(mailer.place, timeout_s=0.3)))


async def test_a_server_that_is_not_there_is_named() -> None:
    async with smtp_server() as server:
        mailer = a_mailer(server)
    with pytest.raises(MailUnavailable, match=f"127.0.0.1:{server.port} is not to be reached"):
        await deliver(mailer)


async def test_a_receiver_with_letters_of_any_language_gets_mail() -> None:
    async with smtp_server() as server:
        await deliver(a_mailer(server), "änna@example.org")
        assert len(server.got) == 1


async def test_a_server_that_takes_no_such_letters_refuses_the_receiver() -> None:
    async with smtp_server(all_letters=False) as server:
        with pytest.raises(AddressRefused, match="letters like these"):
            await deliver(a_mailer(server), "änna@example.org")


# ------------------------------------------------------------ sealed


async def test_starttls_seals_the_way(authority: TestAuthority, sealed: ssl.SSLContext) -> None:
    async with smtp_server(sealed) as server:
        await deliver(a_mailer(server, "starttls", trusting(authority)))
        assert server.sealed == [True]


async def test_tls_from_the_first_byte_does_too(authority: TestAuthority, sealed: ssl.SSLContext) -> None:
    async with smtp_server(sealed, from_the_first_byte=True) as server:
        await deliver(a_mailer(server, "tls", trusting(authority)))
        assert server.sealed == [True]


async def test_nothing_is_sent_to_a_server_that_does_not_offer_starttls(authority: TestAuthority) -> None:
    async with smtp_server() as server:
        with pytest.raises(MailUnavailable):
            await deliver(a_mailer(server, "starttls", trusting(authority)))
        assert server.got == []


async def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(sealed: ssl.SSLContext) -> None:
    async with smtp_server(sealed) as server:
        with pytest.raises(MailUnavailable):
            await deliver(a_mailer(server, "starttls", trusting(TestAuthority("another"))))
        assert server.got == []


# ------------------------------------------------------------ login


async def test_a_login_is_given(authority: TestAuthority, sealed: ssl.SSLContext) -> None:
    async with smtp_server(sealed, asks_login=True) as server:
        await deliver(with_login(a_mailer(server, "starttls", trusting(authority))))
        assert len(server.got) == 1


async def test_a_login_that_is_refused_names_where_it_is_from_and_not_the_password(
    authority: TestAuthority, sealed: ssl.SSLContext
) -> None:
    async with smtp_server(sealed, asks_login=True) as server:
        mailer = with_login(a_mailer(server, "starttls", trusting(authority)), "wrong-password")
        with pytest.raises(MailUnavailable, match="password_file") as told:
            await deliver(mailer)
        assert "wrong-password" not in str(told.value) + repr(mailer)


async def test_a_sender_that_is_refused_is_no_fault_of_the_receivers() -> None:
    async with smtp_server(asks_login=True) as server:
        with pytest.raises(NotNow, match="`from` in"):
            await deliver(a_mailer(server))
