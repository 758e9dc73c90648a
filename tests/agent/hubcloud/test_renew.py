"""A hub renews its certificate by itself at two thirds of its life, and uses the new one at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_agent.tasks.renew import AGAIN_S, due_ms, renew_forever
from backsight_shared.wire import Certificate
from fakes.clock import NOON_MS, FakeClock
from fakes.link import FakeLink

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Life:
    from_ms: int
    until_ms: int


@dataclass
class Certificates:
    """A hub's certificate; a renewed one says in its text from when it holds."""

    life: Life = field(default_factory=lambda: Life(NOON_MS, NOON_MS + 15 * DAY_MS))
    used: list[str] = field(default_factory=list)

    def certificate_life(self) -> Life:
        return self.life

    def request_certificate(self) -> str:
        return "CSR"

    def fits(self, certificate_pem: str) -> bool:
        return certificate_pem != "another's"

    def replace_certificate(self, renewed: Certificate) -> None:
        self.used.append(renewed.certificate_pem)
        start = int(renewed.certificate_pem)
        self.life = Life(start, start + 15 * DAY_MS)


@dataclass
class Authority:
    clock: FakeClock
    fails_with: Exception | None = None
    gives: str = ""
    asked: int = 0

    async def renew(self, csr_pem: str) -> Certificate:
        assert csr_pem == "CSR"
        self.asked += 1
        if self.fails_with is not None:
            raise self.fails_with
        return Certificate(self.gives or str(self.clock.now_ms()), "CA")


class Hub:
    def __init__(self) -> None:
        self.clock, self.certificates, self.link = FakeClock(), Certificates(), FakeLink()
        self.cloud = Authority(self.clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(renew_forever(self.certificates, self.cloud, self.link, self.clock))
        try:
            yield
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def elapse(hub: Hub, days: float, replaced: int) -> None:
    """Let time pass; the certificate is replaced in a thread, which takes real time."""
    await hub.clock.advance(days * 86_400)
    async with asyncio.timeout(5):
        while len(hub.certificates.used) < replaced:
            await asyncio.sleep(0.001)


def test_two_thirds_of_fifteen_days_are_ten() -> None:
    assert due_ms(Life(NOON_MS, NOON_MS + 15 * DAY_MS)) == NOON_MS + 10 * DAY_MS


async def test_nothing_is_asked_before_it_is_due() -> None:
    hub = Hub()
    async with hub.running():
        await elapse(hub, 9.99, 0)
        assert hub.cloud.asked == 0


async def test_at_two_thirds_it_is_renewed_and_the_broker_is_connected_anew() -> None:
    hub = Hub()
    async with hub.running():
        await elapse(hub, 10.01, 1)
        await hub.clock.advance(1)
        assert hub.cloud.asked == 1
        assert hub.link.reconnections == 1


@pytest.mark.parametrize("error", [CloudUnavailable("away"), CloudRefusedHub("no")])
async def test_a_cloud_that_cannot_or_will_not_is_asked_again_after_a_while(error: Exception) -> None:
    hub = Hub()
    hub.cloud.fails_with = error
    async with hub.running():
        await elapse(hub, 10.0, 0)
        asked = hub.cloud.asked
        assert asked == 1
        await hub.clock.advance(AGAIN_S)
        assert hub.cloud.asked == 2
        hub.cloud.fails_with = None
        await elapse(hub, AGAIN_S / 86_400, 1)


async def test_a_certificate_for_another_key_is_not_used() -> None:
    hub = Hub()
    hub.cloud.gives = "another's"
    async with hub.running():
        await elapse(hub, 11, 0)
        assert hub.certificates.used == []
        assert hub.link.reconnections == 0


async def test_a_cloud_that_gives_the_same_life_again_is_not_asked_in_a_hurry() -> None:
    hub = Hub()
    hub.cloud.gives = str(NOON_MS)
    async with hub.running():
        await elapse(hub, 10, 1)
        await hub.clock.advance(5)
        assert hub.cloud.asked == 1
