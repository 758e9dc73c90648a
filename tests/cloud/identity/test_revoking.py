"""An unpaired hub is shut out once, also when the broker or the service was away at that moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from backsight_cloud.ports import BrokerUnavailable
from backsight_cloud.services.revoking import revoke_forever
from backsight_shared.supervision import supervise
from fakes.broker import FakeBroker
from fakes.clock import settle
from fakes.town import Town


class FakeRevocations:
    """Implements the port `Revocations`."""

    def __init__(self) -> None:
        self.revoked: list[tuple[str, int]] = []
        self.away = False

    async def revoke(self, hub: str, serials: Sequence[str]) -> None:
        if self.away:
            raise BrokerUnavailable("away")
        self.revoked.append((hub, len(serials)))


@pytest.fixture
async def town(tmp_path: Path) -> Town:
    return await Town(tmp_path).founded()


@pytest.fixture
async def shut(town: Town) -> AsyncIterator[FakeRevocations]:
    shut, broker = FakeRevocations(), FakeBroker()
    broker.retained[town.ann_hub.id] = "document"

    async def run() -> None:
        await revoke_forever(town.database, broker, shut, town.wakes, town.clock)

    task = asyncio.ensure_future(supervise("revoke", run, town.clock, lambda *_: None))
    await settle()
    yield shut
    task.cancel()
    assert (town.ann_hub.id in broker.retained) == (not shut.revoked)


async def test_nobody_is_shut_out_without_reason(town: Town, shut: FakeRevocations) -> None:
    await town.clock.advance(100)
    assert shut.revoked == []


async def test_an_unpaired_hub_is_shut_out_at_once(town: Town, shut: FakeRevocations) -> None:
    await town.pairing.unpair(town.ann_hub.id, "ann")
    await settle()
    assert shut.revoked == [(town.ann_hub.id, 1)]


async def test_it_is_shut_out_once(town: Town, shut: FakeRevocations) -> None:
    await town.pairing.unpair(town.ann_hub.id, "ann")
    await town.clock.advance(200)
    assert len(shut.revoked) == 1


async def test_while_the_broker_is_away_it_is_tried_again(town: Town, shut: FakeRevocations) -> None:
    shut.away = True
    await town.pairing.unpair(town.ann_hub.id, "ann")
    await town.clock.advance(10)
    shut.away = False
    await town.clock.advance(60)
    assert shut.revoked == [(town.ann_hub.id, 1)]


async def test_a_hub_whose_certificates_have_ended_needs_nothing(town: Town, shut: FakeRevocations) -> None:
    town.clock.jump(15 * 86_400_000)
    await town.pairing.unpair(town.ann_hub.id, "ann")
    await settle()
    assert shut.revoked == []
