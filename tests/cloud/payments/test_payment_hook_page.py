"""The provider's post is answered with success only when its event is durably taken."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_sandbox_hooks import Delivery, delivery_of
from backsight_cloud.ports import DatabaseUnavailable
from backsight_cloud.web.payment_hook import MOST_BYTES, PATH, PaymentPages, mount
from fakes.clock import FakeClock
from fakes.hook_site import FakeTaker, hook_site
from fakes.payments import charge_once
from fakes.site import site_of
from fakes.town import Town

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def sandbox() -> AsyncIterator[SandboxPayments]:
    async with open_sandbox(None, FakeClock()) as opened:
        yield opened


@pytest.fixture
def taker() -> FakeTaker:
    return FakeTaker()


@pytest.fixture
async def provider(sandbox: SandboxPayments, taker: FakeTaker) -> AsyncIterator[Client]:
    async with TestClient(TestServer(hook_site(sandbox, taker))) as client:
        yield client


@pytest.fixture
async def delivery(sandbox: SandboxPayments) -> Delivery:
    await charge_once(sandbox)
    [due] = await sandbox.to_tell()
    return due


@pytest.fixture
def signed_anew(sandbox: SandboxPayments) -> Callable[[str], Delivery]:
    """Anything as the sandbox would sign it."""
    book = sandbox._book
    return lambda body: delivery_of(9, book.name, body, book.hook_secret, sandbox._clock.now_ms())


async def posted(provider: Client, body: bytes, headers: object) -> int:
    async with provider.post(PATH, data=body, headers=headers) as answer:  # type: ignore[arg-type]
        return answer.status


async def test_an_event_is_taken(provider: Client, taker: FakeTaker, delivery: Delivery) -> None:
    assert await posted(provider, delivery.body, delivery.headers) == 204
    assert len(taker.taken) == 1


async def test_twice_is_as_well_as_once(provider: Client, taker: FakeTaker, delivery: Delivery) -> None:
    for _ in range(2):
        assert await posted(provider, delivery.body, delivery.headers) == 204
    assert len(taker.taken) == 1


async def test_what_could_not_be_taken_is_to_be_posted_again(
    provider: Client, taker: FakeTaker, delivery: Delivery
) -> None:
    taker.fails_with = DatabaseUnavailable("busy")
    assert await posted(provider, delivery.body, delivery.headers) == 503
    taker.fails_with = None
    assert await posted(provider, delivery.body, delivery.headers) == 204


async def test_a_mistake_of_ours_is_no_success_either(
    provider: Client, taker: FakeTaker, delivery: Delivery
) -> None:
    taker.fails_with = RuntimeError("a bug")
    assert await posted(provider, delivery.body, delivery.headers) == 500


async def test_an_unsigned_post_is_a_bad_request(
    provider: Client, taker: FakeTaker, delivery: Delivery
) -> None:
    assert await posted(provider, delivery.body, {}) == 400
    assert taker.taken == {}


async def test_an_event_that_is_nothing_to_us_is_a_success(
    provider: Client, taker: FakeTaker, signed_anew: Callable[[str], Delivery]
) -> None:
    other = signed_anew('{"type": "something.new"}')
    assert await posted(provider, other.body, other.headers) == 204
    assert taker.taken == {}


async def test_too_large_a_body_is_refused(provider: Client, delivery: Delivery) -> None:
    assert await posted(provider, b"x" * (MOST_BYTES + 1), delivery.headers) == 413


async def test_too_large_a_body_that_does_not_say_so_is_refused(provider: Client) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MOST_BYTES // 65536 + 2):
            yield b"x" * 65536

    async with provider.post(PATH, data=endless()) as answer:
        assert answer.status == 413


async def test_no_cookie_and_no_origin_matters_to_it(
    sandbox: SandboxPayments, taker: FakeTaker, delivery: Delivery, tmp_path: Path
) -> None:
    """The guard against forgery is for sessions; a signature needs none."""
    site = site_of(await Town(tmp_path).founded(), tmp_path)
    mount(site, PaymentPages(sandbox.hook, taker, None))
    headers = {**delivery.headers, "Origin": "https://evil.example", "Cookie": "__Host-session=x; session=x"}
    async with TestClient(TestServer(site)) as client:
        assert await posted(client, delivery.body, headers) == 204


async def test_without_the_sandbox_there_is_no_form_for_its_cards(
    sandbox: SandboxPayments, taker: FakeTaker, tmp_path: Path
) -> None:
    site = site_of(await Town(tmp_path).founded(), tmp_path)
    mount(site, PaymentPages(sandbox.hook, taker, None))
    async with TestClient(TestServer(site)) as client, client.post("/sandbox/setups/x", json={}) as answer:
        assert answer.status == 404
