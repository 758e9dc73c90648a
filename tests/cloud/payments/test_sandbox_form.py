"""A browser gives a test card to the sandbox; our answers and logs never repeat its number."""

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_sandbox_cards import TEST_CARDS
from backsight_cloud.payment_ports import CardSetup, PaymentsUnavailable
from fakes.clock import FakeClock
from fakes.hook_site import FakeTaker, hook_site
from fakes.payments import charge_once

Client = TestClient[web.Request, web.Application]

GOOD = "4242424242424242"
TO_APPROVE = "4000002500003155"
LIKE_A_NUMBER = re.compile(rb"(?<![0-9])(?:[0-9][ -]?){12,18}[0-9](?![0-9])")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SandboxPayments]:
    async with open_sandbox(tmp_path / "sandbox.db", FakeClock()) as opened:
        yield opened


@pytest.fixture
async def browser(sandbox: SandboxPayments) -> AsyncIterator[Client]:
    async with TestClient(TestServer(hook_site(sandbox, FakeTaker()))) as client:
        yield client


@pytest.fixture
async def setup(sandbox: SandboxPayments) -> CardSetup:
    return await sandbox.begin_card(await sandbox.customer("account-1", "anna@example.org"))


def a_card(setup: CardSetup, number: str = GOOD) -> dict[str, object]:
    return {"client_secret": setup.client_secret, "number": number, "exp_month": 12, "exp_year": 2030}


async def asked(browser: Client, address: str, given: object) -> tuple[int, dict[str, object]]:
    async with browser.post(address, json=given) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_good_card_is_done(browser: Client, sandbox: SandboxPayments, setup: CardSetup) -> None:
    assert await asked(browser, setup.url, a_card(setup)) == (200, {"status": "done"})
    customer = await sandbox.customer("account-1", "anna@example.org")
    assert (await sandbox.finish_card(customer, setup.id)).last4 == "4242"


async def test_a_refused_card_says_the_banks_code(browser: Client, setup: CardSetup) -> None:
    status, problem = await asked(browser, setup.url, a_card(setup, "4000000000000002"))
    assert (status, problem["code"]) == (402, "generic_decline")


async def test_a_card_to_approve_is_done_once_it_is_approved(browser: Client, setup: CardSetup) -> None:
    assert await asked(browser, setup.url, a_card(setup, TO_APPROVE)) == (200, {"status": "authenticate"})
    approval = {"client_secret": setup.client_secret, "approve": True}
    assert await asked(browser, setup.url + "/authenticate", approval) == (200, {"status": "done"})


async def test_a_card_that_is_not_approved_is_refused(browser: Client, setup: CardSetup) -> None:
    await asked(browser, setup.url, a_card(setup, TO_APPROVE))
    refusal = {"client_secret": setup.client_secret, "approve": False}
    status, problem = await asked(browser, setup.url + "/authenticate", refusal)
    assert (status, problem["code"]) == (402, "authentication_failed")


@pytest.mark.parametrize("address", ["/sandbox/setups/seti_x_1", "/sandbox/setups/1", "/sandbox/setups/²"])
async def test_a_set_up_that_never_was_is_not_found(browser: Client, setup: CardSetup, address: str) -> None:
    status, _ = await asked(browser, address, a_card(setup))
    assert status == 404


async def test_the_secret_is_what_lets_a_browser_in(browser: Client, setup: CardSetup) -> None:
    status, _ = await asked(browser, setup.url, {**a_card(setup), "client_secret": "guessed"})
    assert status == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 4242424242424242),
        ("number", GOOD * 3),
        ("exp_month", 13),
        ("exp_year", "2030"),
        ("exp_year", 99999),
        ("client_secret", None),
    ],
)
async def test_what_is_wrong_is_named_and_not_repeated(
    browser: Client, setup: CardSetup, field: str, value: object
) -> None:
    status, problem = await asked(browser, setup.url, {**a_card(setup), field: value})
    assert (status, problem["field"]) == (400, field)
    assert GOOD not in str(problem)


async def test_a_number_in_the_wrong_place_is_not_repeated(browser: Client, setup: CardSetup) -> None:
    async with browser.post(setup.url, json={GOOD: GOOD, "number": [GOOD]}) as answer:
        assert answer.status == 400
        assert GOOD not in await answer.text()


async def test_a_body_that_is_not_json_is_a_bad_request(browser: Client, setup: CardSetup) -> None:
    async with browser.post(setup.url, data=b"number=4242424242424242") as answer:
        assert answer.status == 400
        assert GOOD not in await answer.text()


async def test_a_body_that_is_too_large_is_refused(browser: Client, setup: CardSetup) -> None:
    async with browser.post(setup.url, data=b" " * 5000) as answer:
        assert answer.status == 413


async def test_no_cards_number_is_in_a_log_or_in_the_book(
    browser: Client,
    sandbox: SandboxPayments,
    setup: CardSetup,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for number in [*TEST_CARDS, "4111111111111111"]:
        another = await sandbox.begin_card(await sandbox.customer("account-1", "anna@example.org"))
        await asked(browser, another.url, a_card(another, number))
    await charge_once(sandbox)
    with pytest.raises(PaymentsUnavailable) as lost:
        await charge_once(sandbox, "4000009900000012", "k2")
    assert LIKE_A_NUMBER.findall(repr(lost.value).encode()) == []
    assert LIKE_A_NUMBER.findall(caplog.text.encode()) == []
    for file in tmp_path.iterdir():
        found = LIKE_A_NUMBER.findall(file.read_bytes())
        assert [one for one in found if one.decode() in TEST_CARDS or one.startswith(b"4111")] == []
