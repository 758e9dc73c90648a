"""A hub is paired by one call with a code, over TLS that it trusts; a refusal says what to do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from backsight_agent.adapters import cloud_http
from backsight_agent.adapters.cloud_http import BadAddress, CloudNotTrusted
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import AlreadyPaired, pair
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared import shapes
from backsight_shared.wire import Pairing
from fakes.certificates import TestAuthority, server_context
from fakes.cloud_server import CloudServer, problem

WEB = TestAuthority("The cloud's own web authority")


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    file = tmp_path / "authority.pem"
    file.write_text(WEB.pem)
    return file


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "state")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[CloudServer]:
    server = CloudServer(codes={"GOOD": "", "OLD": "this code has expired"})
    async with server.serving(server_context(WEB.server(), tmp_path)):
        yield server


async def try_to_pair(
    keystore: Keystore, server: CloudServer, code: str = "GOOD", ca: Path | None = None
) -> None:
    await pair(server.url, code, "Attic", ca, keystore, server.clock)


async def test_a_good_code_pairs_the_hub(server: CloudServer, keystore: Keystore, ca_file: Path) -> None:
    paired = await pair(server.url + "/", " GOOD ", "Attic", ca_file, keystore, server.clock)
    assert paired == keystore.pairing()
    assert (paired.hub, paired.cloud, paired.url, paired.own_ca) == ("hub-1", "cloud-1", server.url, True)
    assert keystore.fits(keystore.certificate_file.read_text())
    assert keystore.cloud_ca_file.read_text() == WEB.pem
    assert server.pair_requests[0].name == "Attic"
    assert "PRIVATE" not in server.pair_requests[0].csr_pem


@pytest.mark.parametrize(("code", "reason"), [("WRONG", "no such code"), ("OLD", "this code has expired")])
async def test_a_code_that_does_not_work_says_why_and_to_make_a_new_one(
    server: CloudServer, keystore: Keystore, ca_file: Path, code: str, reason: str
) -> None:
    with pytest.raises(CloudRefusedHub, match=f"{reason}.*make a new one"):
        await try_to_pair(keystore, server, code, ca_file)
    assert keystore.paired() is None


async def test_a_used_code_does_not_work_twice(
    server: CloudServer, keystore: Keystore, ca_file: Path, tmp_path: Path
) -> None:
    await try_to_pair(keystore, server, ca=ca_file)
    with pytest.raises(CloudRefusedHub, match="used already"):
        await try_to_pair(Keystore(tmp_path / "other"), server, ca=ca_file)


async def test_a_paired_hub_is_not_paired_again_and_the_code_is_not_spent(
    server: CloudServer, keystore: Keystore, ca_file: Path
) -> None:
    server.codes["MORE"] = ""
    await try_to_pair(keystore, server, ca=ca_file)
    before = keystore.private_key_pem()
    with pytest.raises(AlreadyPaired, match=r"paired with https.*already.*backsight-agent unpair"):
        await try_to_pair(keystore, server, "MORE", ca_file)
    assert len(server.pair_requests) == 1
    assert keystore.private_key_pem() == before


async def test_after_it_was_forgotten_it_is_paired_anew_with_another_key(
    server: CloudServer, keystore: Keystore, ca_file: Path
) -> None:
    server.codes["MORE"] = ""
    await try_to_pair(keystore, server, ca=ca_file)
    before = keystore.private_key_pem()
    keystore.forget_pairing()
    await try_to_pair(keystore, server, "MORE", ca_file)
    assert keystore.private_key_pem() != before


async def test_a_cloud_whose_certificate_is_not_trusted_gets_no_code(
    server: CloudServer, keystore: Keystore
) -> None:
    with pytest.raises(CloudNotTrusted, match=r"not trusted.*--ca FILE"):
        await try_to_pair(keystore, server)
    assert server.pair_requests == []


async def test_a_certificate_for_another_name_is_not_trusted(keystore: Keystore, tmp_path: Path) -> None:
    ca_file = tmp_path / "authority.pem"
    ca_file.write_text(WEB.pem)
    async with CloudServer().serving(server_context(WEB.server("elsewhere.example"), tmp_path)) as server:
        with pytest.raises(CloudNotTrusted, match="not trusted"):
            await try_to_pair(keystore, server, ca=ca_file)


async def test_with_a_file_of_another_authority_it_is_not_trusted(
    server: CloudServer, keystore: Keystore, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(TestAuthority("other").pem)
    with pytest.raises(CloudNotTrusted):
        await try_to_pair(keystore, server, ca=other)


@pytest.mark.parametrize("content", [None, "", "garbage"])
async def test_a_file_of_authorities_that_cannot_be_read_is_named(
    server: CloudServer, keystore: Keystore, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "my-authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CloudNotTrusted, match=r"my-authority\.pem.*cannot be read"):
        await try_to_pair(keystore, server, ca=file)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://cloud.example", "not encrypted: use https"),
        ("http://192.168.1.5:8080", "not encrypted: use https"),
        ("ftp://cloud.example", "not an address of a cloud"),
        ("cloud.example", "not an address of a cloud"),
        ("", "not an address"),
        ("https://cloud.example/path", "give the cloud's address alone, like https://cloud.example"),
        ("https://user:word@cloud.example", "give the cloud's address alone"),
        ("https://[::1", "not an address"),
        ("https://cloud.example:port", "not an address"),
    ],
)
async def test_an_address_that_nothing_may_be_sent_to_is_refused(
    keystore: Keystore, url: str, reason: str
) -> None:
    with pytest.raises(BadAddress, match=reason):
        await pair(url, "GOOD", "Attic", None, keystore, CloudServer().clock)
    assert not keystore.key_file.exists()


async def test_plain_http_reaches_this_machine_itself(keystore: Keystore) -> None:
    async with CloudServer(codes={"GOOD": ""}).serving(None) as server:
        await try_to_pair(keystore, server)
        assert keystore.pairing().own_ca is False


async def test_a_cloud_that_is_not_there_is_named(keystore: Keystore) -> None:
    with pytest.raises(CloudUnavailable, match=r"http://127\.0\.0\.1:1 cannot be reached"):
        await pair("http://127.0.0.1:1", "GOOD", "Attic", None, keystore, CloudServer().clock)


async def other_server(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>a router's page</html>", content_type="text/html")


async def not_found(_: web.Request) -> web.StreamResponse:
    return web.Response(status=404, text="nothing here")


async def moved(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://evil.example/"})


async def broken(_: web.Request) -> web.StreamResponse:
    return problem(500, "our mistake")


async def busy(_: web.Request) -> web.StreamResponse:
    return problem(429, "too many tries")


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(status=201)
    await answer.prepare(request)
    for _ in range(100):
        await answer.write(b" " * 65_536)
    return answer


async def half_a_pairing(_: web.Request) -> web.StreamResponse:
    return web.json_response({"cloud": "cloud-1", "hub": "hub-1"}, status=201)


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (other_server, CloudUnavailable, "something else than expected"),
        (half_a_pairing, CloudUnavailable, "certificate_pem is missing"),
        (endless, CloudUnavailable, "larger than"),
        (not_found, BadAddress, "not a Backsight cloud"),
        (moved, BadAddress, "not a Backsight cloud"),
        (broken, CloudUnavailable, "is in trouble"),
        (busy, CloudUnavailable, "wait a minute"),
    ],
)
async def test_any_other_answer_leaves_the_hub_unpaired_and_says_what_it_was(
    keystore: Keystore, answer: object, error: type[Exception], reason: str
) -> None:
    server = CloudServer(codes={"GOOD": ""})
    server.instead = answer  # type: ignore[assignment]
    async with server.serving(None):
        with pytest.raises(error, match=reason):
            await try_to_pair(keystore, server)
    assert keystore.paired() is None


async def test_a_certificate_for_another_key_is_not_taken(keystore: Keystore) -> None:
    server = CloudServer()
    other = server.authority.client("hub-1").certificate_pem.decode()

    async def wrong(_: web.Request) -> web.StreamResponse:
        keys = ({"kid": "k"},)
        pairing = Pairing("cloud-1", "hub-1", other, server.authority.pem, "localhost", 1, keys)
        return web.json_response(shapes.write(pairing), status=201)

    server.instead = wrong
    async with server.serving(None):
        with pytest.raises(CloudUnavailable, match="not for this hub's key"):
            await try_to_pair(keystore, server)
    assert keystore.paired() is None


async def test_a_refusal_mentions_a_clock_that_is_far_off(keystore: Keystore) -> None:
    async with CloudServer().serving(None) as server:
        clock = CloudServer().clock
        clock.jump(-86_400_000)
        with pytest.raises(CloudRefusedHub, match="this hub's clock differs from the cloud's"):
            await pair(server.url, "WRONG", "Attic", None, keystore, clock)


async def test_a_code_is_in_no_message(keystore: Keystore) -> None:
    async with CloudServer().serving(None) as server:
        with pytest.raises(CloudRefusedHub) as refusal:
            await try_to_pair(keystore, server, "SECRET-CODE")
    assert "SECRET-CODE" not in str(refusal.value)


async def test_a_server_that_says_nothing_is_given_up(
    keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_http, "CALL_TIMEOUT", aiohttp.ClientTimeout(total=0.2))

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    quiet = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with quiet:
        port = quiet.sockets[0].getsockname()[1]
        with pytest.raises(CloudUnavailable, match="does not answer in time"):
            await pair(f"http://127.0.0.1:{port}", "GOOD", "Attic", None, keystore, CloudServer().clock)
