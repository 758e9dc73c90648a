"""A put ends for lack of progress only, keeps to the limit, and knows when it may have arrived after all."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from backsight_agent.adapters import cloud_api
from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.cloud_body import Limit
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import pair
from backsight_agent.ports import AnswerLost, CloudUnavailable
from backsight_shared.clock import SystemClock
from backsight_shared.wire import Place
from fakes.certificates import TestAuthority, server_context
from fakes.clock import FakeClock, settle
from fakes.cloud_server import CloudServer, problem
from fakes.proxy import Proxy

WEB = TestAuthority("The cloud's own web authority")
PLACE = Place("put", "/v1/objects/a?size=1&signature=a%2Bb")
FOOTAGE = bytes(range(256)) * 2_000  # half a megabyte


@dataclass
class Time:
    def confirm(self, cloud_time_ms: int) -> None: ...


@dataclass
class Linked:
    """A hub, its cloud, and the link in between."""

    server: CloudServer
    proxy: Proxy
    cloud: HttpCloud

    @property
    def arrived(self) -> bool:
        return self.server.cloud.objects.get("a") == FOOTAGE


@pytest.fixture
async def linked(tmp_path: Path) -> AsyncIterator[Linked]:
    ca_file = tmp_path / "authority.pem"
    ca_file.write_text(WEB.pem)
    keystore = Keystore(tmp_path / "state")
    async with AsyncExitStack() as stack:
        context = server_context(WEB.server(), tmp_path)
        server = await stack.enter_async_context(CloudServer(codes={"GOOD": ""}).serving(context))
        proxy = await stack.enter_async_context(Proxy(int(server.url.rpartition(":")[2])).running())
        await pair(proxy.url, "GOOD", "Attic", ca_file, keystore, server.clock)
        cloud = await stack.enter_async_context(HttpCloud(keystore, SystemClock(), Time()))
        yield Linked(server, proxy, cloud)


@pytest.mark.slow
async def test_a_slow_link_may_take_many_times_as_long_as_it_may_stand_still(
    linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_api, "STALL_S", 1.0)
    linked.proxy.bytes_per_s = 120_000
    began = time.monotonic()
    await linked.cloud.put(PLACE, FOOTAGE)
    assert linked.arrived
    assert time.monotonic() - began > 2.5


async def test_a_link_that_stands_still_in_the_middle_is_an_outage(
    linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_api, "STALL_S", 0.4)
    linked.proxy.bytes_per_s = 250_000
    asyncio.get_running_loop().call_later(0.5, setattr, linked.proxy, "holds", True)
    with pytest.raises(CloudUnavailable, match="stood still") as stopped:
        await linked.cloud.put(PLACE, FOOTAGE)
    assert not isinstance(stopped.value, AnswerLost)
    linked.proxy.holds = False


@pytest.mark.slow
async def test_a_link_that_stands_still_for_a_while_and_goes_on_is_none(
    linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_api, "STALL_S", 1.5)
    linked.proxy.bytes_per_s = 500_000
    loop = asyncio.get_running_loop()
    loop.call_later(0.3, setattr, linked.proxy, "holds", True)
    loop.call_later(1.0, setattr, linked.proxy, "holds", False)
    await linked.cloud.put(PLACE, FOOTAGE)
    assert linked.arrived


@pytest.mark.parametrize("cut", [2_000, 500_000, 1_500_000])
async def test_a_connection_that_is_cut_on_the_way_there_is_an_outage_and_nothing_more(
    linked: Linked, cut: int
) -> None:
    linked.proxy.cuts_up = iter([cut])
    with pytest.raises(CloudUnavailable) as lost:
        await linked.cloud.put(PLACE, FOOTAGE * 4)
    assert not isinstance(lost.value, AnswerLost)
    assert linked.server.cloud.objects == {}


async def test_a_connection_that_is_cut_once_all_is_there_may_have_carried_it(linked: Linked) -> None:
    async def take_and_hang_up(request: web.Request) -> web.StreamResponse:
        linked.server.cloud.objects["a"] = await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    linked.server.instead = take_and_hang_up
    with pytest.raises(AnswerLost):
        await linked.cloud.put(PLACE, FOOTAGE)
    assert linked.arrived


async def test_a_cloud_that_says_no_did_not_take_it(linked: Linked) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        await request.read()
        return problem(503, "busy")

    linked.server.instead = refuse
    with pytest.raises(CloudUnavailable) as refused:
        await linked.cloud.put(PLACE, FOOTAGE)
    assert not isinstance(refused.value, AnswerLost)


async def test_a_cloud_that_says_no_before_it_has_read_anything_did_not_take_it(linked: Linked) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return problem(403, "this address does not hold any more")

    linked.server.instead = refuse
    linked.proxy.bytes_per_s = 250_000
    with pytest.raises(CloudUnavailable) as refused:
        await linked.cloud.put(PLACE, FOOTAGE)
    assert not isinstance(refused.value, AnswerLost)


@pytest.mark.slow
async def test_a_limit_holds_for_all_uploads_together_and_in_every_second(linked: Linked) -> None:
    limit = 250_000
    linked.cloud.limit_to(limit)
    linked.proxy.carried.clear()
    places = [Place("put", f"/v1/objects/{name}?size=1&signature=a%2Bb") for name in "abc"]
    began = time.monotonic()
    await asyncio.gather(*(linked.cloud.put(place, FOOTAGE) for place in places))
    took_s = time.monotonic() - began
    ideal_s = len(places) * len(FOOTAGE) / limit
    assert ideal_s * 0.9 < took_s < ideal_s * 1.2
    seconds = [0] * (int(took_s) + 2)
    for at, size in linked.proxy.carried:
        seconds[max(0, int(at - linked.proxy.carried[0][0]))] += size
    assert max(seconds) < limit * 1.6
    assert all(second > limit * 0.4 for second in seconds[: int(took_s) - 1])


@pytest.mark.slow
async def test_waiting_for_the_limit_is_not_standing_still(
    linked: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_api, "STALL_S", 0.2)
    linked.cloud.limit_to(1_000_000)
    big = Place("put", "/v1/objects/b?size=1&signature=a%2Bb")
    await asyncio.gather(linked.cloud.put(PLACE, FOOTAGE), linked.cloud.put(big, FOOTAGE * 2))
    assert linked.arrived


async def test_who_asked_first_passes_first_and_nobody_passes_at_once() -> None:
    clock, passed = FakeClock(), list[int]()
    limit = Limit(1_000, clock)

    async def send(number: int) -> None:
        await limit.let_pass(1_000)
        passed.append(number)

    tasks = [asyncio.create_task(send(number)) for number in range(3)]
    await settle()
    assert passed == []
    for number in range(3):
        await clock.advance(1)
        assert passed == list(range(number + 1))
    await asyncio.gather(*tasks)


async def test_without_a_limit_nobody_waits() -> None:
    await Limit(None, FakeClock()).let_pass(10**12)
