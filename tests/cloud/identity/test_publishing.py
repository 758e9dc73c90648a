"""Every hub that is due gets a signed document with a higher serial, whatever the broker forgets."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.ports import DatabaseUnavailable
from backsight_cloud.services.entitling import (
    AGAIN_AFTER_S,
    AT_ONCE,
    Issuer,
    listen_forever,
    publish_forever,
    republish_forever,
)
from backsight_cloud.services.erasing import OwnersErasing
from backsight_shared import shapes
from backsight_shared.entitlement import Entitlement, from_claims
from backsight_shared.erased import REACH_MS, Wanted
from backsight_shared.signing import verify_entitlement
from backsight_shared.window import WindowStep
from backsight_shared.wire import CameraReport, CamerasReport, HubStatus
from fakes.broker import FakeBroker
from fakes.clock import settle
from fakes.town import Town

DOOR = "74fece010203"


class Publishing:
    """The town with its broker and the three workers."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.broker = FakeBroker()
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        town, broker = self.town, self.broker
        issuer = Issuer("cloud-x", town.signing)
        work = (
            publish_forever(town.database, broker, issuer, town.wakes, town.clock),
            republish_forever(town.database, broker, town.wakes, town.clock),
            listen_forever(town.database, broker, town.wakes, town.clock),
        )
        self.tasks = [asyncio.ensure_future(one) for one in work]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        ended = await asyncio.gather(*self.tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended

    def held(self, hub: str) -> Entitlement:
        """What the broker holds for a hub, checked as the hub does."""
        document = self.broker.retained[hub]
        return from_claims(verify_entitlement(document, (self.town.signing.to_public_jwk(),)))


@pytest.fixture
async def publishing(tmp_path: Path) -> AsyncIterator[Publishing]:
    town = await Town(tmp_path).founded()
    publishing = Publishing(town)
    publishing.start()
    yield publishing
    await publishing.stop()


async def bind_door(town: Town) -> None:
    await town.cameras.report(town.ann_hub, CamerasReport((CameraReport(DOOR, "Door", "EC60"),)))


async def test_nothing_is_published_while_there_is_no_broker(publishing: Publishing) -> None:
    await settle()
    assert publishing.broker.published == []


async def test_every_hub_gets_its_document_when_the_broker_comes(publishing: Publishing) -> None:
    publishing.broker.connect()
    await settle()
    town = publishing.town
    assert set(publishing.broker.retained) == {town.ann_hub.id, town.bob_hub.id}
    document = publishing.held(town.ann_hub.id)
    assert (document.issuer, document.hub, document.cameras) == ("cloud-x", town.ann_hub.id, {})
    assert document.cloud_time_ms == town.clock.now_ms()


async def test_a_plan_change_reaches_its_hub_alone_with_a_higher_serial(publishing: Publishing) -> None:
    town, broker = publishing.town, publishing.broker
    broker.connect()
    await bind_door(town)
    await settle(200)
    before = publishing.held(town.ann_hub.id)
    broker.published.clear()
    await town.cameras.set_plan(DOOR, "plus")
    await settle(200)
    after = publishing.held(town.ann_hub.id)
    assert broker.published == [town.ann_hub.id]
    assert after.serial > before.serial
    assert after.cameras[DOOR].plan == "plus"
    assert after.cameras[DOOR].windows[-1].window_ms == 300_000


async def test_what_an_owner_erased_is_in_the_document_while_it_is_needed(publishing: Publishing) -> None:
    town = publishing.town
    publishing.broker.connect()
    await bind_door(town)
    await town.clock.advance(10)
    erasing = OwnersErasing(town.database, b"key", town.wakes, town.clock)
    asked = Wanted()
    preview = await erasing.preview("ann", DOOR, asked)
    await erasing.erase("ann", DOOR, asked, preview.confirm)
    await settle(200)
    assert publishing.held(town.ann_hub.id).cameras[DOOR].erase == (preview.span,)
    await town.clock.advance(REACH_MS / 1000 + 13)  # the window is twelve seconds
    await bind_door(town)
    async with town.database.begin() as transaction:
        await transaction.publications.mark_due(town.ann_hub.id, town.clock.now_ms())
    town.wakes.publish.set()
    await settle(200)
    assert publishing.held(town.ann_hub.id).cameras[DOOR].erase == ()


async def test_a_broker_that_lost_everything_is_given_everything_again(publishing: Publishing) -> None:
    publishing.broker.connect()
    await settle(200)
    publishing.broker.lose_everything()
    await settle(200)
    assert len(publishing.broker.retained) == 2


async def test_a_database_that_was_away_does_not_make_it_forget(publishing: Publishing) -> None:
    broker, database = publishing.broker, publishing.town.database
    broker.connect()
    await settle(200)
    await publishing.stop()
    broker.lose_everything()
    database.fails_with = DatabaseUnavailable("away")
    with pytest.raises(DatabaseUnavailable):
        await republish_forever(database, broker, publishing.town.wakes, publishing.town.clock)
    database.fails_with = None
    publishing.start()
    await settle(200)
    assert len(broker.retained) == 2


async def test_what_could_not_be_published_is_published_later(publishing: Publishing) -> None:
    broker, clock = publishing.broker, publishing.town.clock
    broker.refuses = True
    broker.connect()
    await settle(200)
    assert broker.retained == {}
    broker.refuses = False
    await clock.advance(AGAIN_AFTER_S)
    assert len(broker.retained) == 2


async def test_a_document_that_cannot_be_written_does_not_stop_the_others(publishing: Publishing) -> None:
    town = publishing.town
    await bind_door(town)
    async with town.database.begin() as transaction:
        await transaction.cameras.replace_steps(DOOR, [WindowStep(0, 1)])  # not a whole second
    publishing.broker.connect()
    await settle(200)
    assert set(publishing.broker.retained) == {town.bob_hub.id}


async def test_a_document_is_renewed_every_day(publishing: Publishing) -> None:
    town = publishing.town
    publishing.broker.connect()
    await settle(200)
    serial = publishing.held(town.ann_hub.id).serial
    await town.clock.advance(23.9 * 3600)
    assert publishing.held(town.ann_hub.id).serial == serial
    await town.clock.advance(0.2 * 3600)
    assert publishing.held(town.ann_hub.id).serial == serial + 1


async def test_a_pull_is_answered_with_a_fresh_document(publishing: Publishing) -> None:
    town = publishing.town
    publishing.broker.connect()
    await settle(200)
    serial = publishing.held(town.ann_hub.id).serial
    publishing.broker.say(town.ann_hub.id, "pull", b'{"have_serial": 0}')
    await settle(200)
    assert publishing.held(town.ann_hub.id).serial == serial + 1


async def test_a_hub_that_pulls_in_a_loop_is_slowed_down(publishing: Publishing) -> None:
    town = publishing.town
    publishing.broker.connect()
    await settle(200)
    serial = publishing.held(town.ann_hub.id).serial
    for _ in range(50):
        publishing.broker.say(town.ann_hub.id, "pull", b"")
        await settle()
    assert publishing.held(town.ann_hub.id).serial <= serial + 6


async def test_an_unpaired_hub_pulls_in_vain(publishing: Publishing) -> None:
    town, broker = publishing.town, publishing.broker
    broker.connect()
    await settle(200)
    await town.pairing.unpair(town.ann_hub.id, "ann")
    broker.published.clear()
    broker.say(town.ann_hub.id, "pull", b"")
    broker.say("nobody", "pull", b"")
    await settle(200)
    assert broker.published == []


async def test_a_status_is_kept(publishing: Publishing) -> None:
    town = publishing.town
    status = HubStatus(online=True, version="1.0", serial=3)
    publishing.broker.say(town.ann_hub.id, "status", json.dumps(shapes.write(status)).encode())
    await settle()
    hub = await town.hub(town.ann_hub.id)
    assert shapes.read(HubStatus, json.loads(hub.status_json)) == status
    assert hub.status_ms == town.clock.now_ms()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"online": 3}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"online": true, "version": "' + b"x" * 200_000 + b'"}',
    ],
)
async def test_garbage_is_ignored_and_the_next_status_counts(publishing: Publishing, garbage: bytes) -> None:
    town = publishing.town
    publishing.broker.say(town.ann_hub.id, "status", garbage)
    await settle()
    assert (await town.hub(town.ann_hub.id)).status_json == ""
    publishing.broker.say(town.ann_hub.id, "status", b'{"online": true}')
    await settle()
    assert (await town.hub(town.ann_hub.id)).status_json


async def test_many_hubs_are_published_in_rounds(tmp_path: Path) -> None:
    town = await Town(tmp_path).founded()
    for _ in range(AT_ONCE + 20):
        await town.new_hub("ann")
    publishing = Publishing(town)
    publishing.start()
    publishing.broker.connect()
    await settle(5000)
    assert len(publishing.broker.retained) == AT_ONCE + 22
    await publishing.stop()
