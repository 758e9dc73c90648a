"""The sandbox tells by signed posts, again until they are taken; what it did not sign is no event."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from backsight_cloud.adapters.payments_sandbox import SandboxPayments, open_sandbox
from backsight_cloud.adapters.payments_sandbox_hooks import SIGNATURE, Delivery, post_forever
from backsight_cloud.payment_ports import BadHook, ChargeSettled
from fakes.clock import FakeClock
from fakes.payments import charge_once


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def sandbox(clock: FakeClock) -> AsyncIterator[SandboxPayments]:
    async with open_sandbox(None, clock) as opened:
        yield opened


@pytest.fixture
async def delivery(sandbox: SandboxPayments) -> Delivery:
    await charge_once(sandbox)
    [due] = await sandbox.to_tell()
    return due


async def test_what_it_signed_is_read(sandbox: SandboxPayments, delivery: Delivery) -> None:
    [event] = sandbox.hook.read(delivery.body, delivery.headers)
    assert isinstance(event, ChargeSettled)


async def test_the_headers_name_may_be_written_in_any_way(
    sandbox: SandboxPayments, delivery: Delivery
) -> None:
    headers = {SIGNATURE.lower(): delivery.headers[SIGNATURE]}
    assert sandbox.hook.read(delivery.body, headers)


async def test_a_changed_body_is_refused(sandbox: SandboxPayments, delivery: Delivery) -> None:
    with pytest.raises(BadHook):
        sandbox.hook.read(delivery.body + b" ", delivery.headers)


@pytest.mark.parametrize("header", ["", "t=,v1=", "v1=abc", "t=1", "t=x,v1=abc", "t=²,v1=ü", "=,=,="])
async def test_a_header_that_is_none_is_refused(
    sandbox: SandboxPayments, delivery: Delivery, header: str
) -> None:
    with pytest.raises(BadHook):
        sandbox.hook.read(delivery.body, {SIGNATURE: header})


async def test_a_signature_of_another_book_is_refused(clock: FakeClock, delivery: Delivery) -> None:
    async with open_sandbox(None, clock) as other:
        with pytest.raises(BadHook):
            other.hook.read(delivery.body, delivery.headers)


async def test_a_signature_is_good_for_five_minutes(
    sandbox: SandboxPayments, delivery: Delivery, clock: FakeClock
) -> None:
    await clock.advance(300)
    assert sandbox.hook.read(delivery.body, delivery.headers)
    await clock.advance(1)
    with pytest.raises(BadHook):
        sandbox.hook.read(delivery.body, delivery.headers)


async def test_an_event_that_waited_is_signed_anew(
    sandbox: SandboxPayments, delivery: Delivery, clock: FakeClock
) -> None:
    await clock.advance(3600)
    [again] = await sandbox.to_tell()
    assert sandbox.hook.read(again.body, again.headers)
    assert json.loads(again.body)["id"] == json.loads(delivery.body)["id"]


async def test_it_is_posted_until_it_is_taken(
    sandbox: SandboxPayments, delivery: Delivery, clock: FakeClock
) -> None:
    answers, posted = [503, 500, 204], []

    async def hook(request: web.Request) -> web.Response:
        posted.append(await request.read())
        return web.Response(status=answers[len(posted) - 1])

    app = web.Application()
    app.router.add_post("/hook", hook)
    async with TestServer(app, host="127.0.0.1") as server:
        telling = asyncio.create_task(post_forever(sandbox, str(server.make_url("/hook")), clock))
        for tries in (1, 2, 3):
            await until(lambda tries=tries: len(posted) == tries)
            await asyncio.sleep(0.05)  # the answer reaches the one who told
            await clock.advance(4)
        telling.cancel()
    assert posted == [delivery.body] * 3
    assert await sandbox.to_tell() == []


async def test_nobody_listening_is_waited_for(sandbox: SandboxPayments, clock: FakeClock) -> None:
    await charge_once(sandbox)
    telling = asyncio.create_task(post_forever(sandbox, "http://127.0.0.1:9/hook", clock))
    await asyncio.sleep(0.1)
    await clock.advance(1)
    assert not telling.done()
    telling.cancel()
    assert len(await sandbox.to_tell()) == 1


async def until(holds: object) -> None:
    assert callable(holds)
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)
