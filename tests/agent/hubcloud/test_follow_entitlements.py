"""A hub obeys a document only when it is its cloud's newest word, and only after keeping it durably."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from backsight_agent.domain.holding import HeldEntitlement
from backsight_agent.domain.states import Board
from backsight_agent.tasks.entitlements import ASK_AGAIN_S, follow_entitlements
from backsight_shared.entitlement import CameraEntitlement, Entitlement, to_claims
from backsight_shared.errors import NeedsAttention, TryLater
from backsight_shared.signing import SigningKey, sign_entitlement
from backsight_shared.window import WindowStep
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.link import FakeLink, FakeVault

CLOUD, HUB = "cloud-1", "hub-1"
DOOR, YARD = "74fece010203", "74fece010204"
HOUR_MS = 3_600_000
KEY, STRANGER = SigningKey.generate(), SigningKey.generate()


def claims(
    serial: int, hours: int = 12, named: tuple[str, ...] = (DOOR,), **changed: object
) -> dict[str, Any]:
    entitled = CameraEntitlement("free", (WindowStep(0, hours * HOUR_MS),))
    document = Entitlement(CLOUD, HUB, serial, NOON_MS, NOON_MS, dict.fromkeys(named, entitled))
    return to_claims(document) | changed


def signed(serial: int, hours: int = 12, *, key: SigningKey = KEY, **changed: Any) -> str:
    return sign_entitlement(claims(serial, hours, **changed), key)


@dataclass
class PassedTime:
    moments: list[int] = field(default_factory=list)

    def at_least(self, passed_ms: int) -> None:
        self.moments.append(passed_ms)


@dataclass
class Hub:
    """A paired hub that follows its entitlements."""

    vault: FakeVault = field(default_factory=FakeVault)
    link: FakeLink = field(default_factory=FakeLink)
    clock: FakeClock = field(default_factory=FakeClock)
    time: PassedTime = field(default_factory=PassedTime)

    def __post_init__(self) -> None:
        self.held = HeldEntitlement(CLOUD, HUB, (KEY.to_public_jwk(),))
        self.board = Board((DOOR, YARD), self.clock)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        self.task = asyncio.create_task(
            follow_entitlements(self.link, self.vault, self.held, self.time, self.board, self.clock)
        )
        await settle()
        try:
            yield
        finally:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def receive(self, *documents: str) -> None:
        for document in documents:
            self.link.deliver(document)
        await settle()


async def test_a_new_document_is_kept_and_obeyed() -> None:
    hub = Hub()
    async with hub.following():
        await hub.receive(signed(1, hours=48))
    assert hub.held.steps(DOOR) == (WindowStep(0, 48 * HOUR_MS),)
    assert hub.vault.document == signed(1, hours=48)
    assert hub.held.changed.is_set()
    assert hub.time.moments == [NOON_MS]


def garbage(document: str) -> str:
    return "garbage"


def cut(document: str) -> str:
    return document[: len(document) // 2]


def tampered(document: str) -> str:
    header, payload, signature = document.split(".")
    return f"{header}.{payload[:-4]}AAAA.{signature}"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (signed(9, key=STRANGER), "a key that this hub was never given"),
        (tampered(signed(9)), "the signature does not fit"),
        (garbage(""), "not a signed document"),
        (cut(signed(9)), "not a signed document"),
        (signed(9, iss="cloud-2"), "issued by 'cloud-2'"),
        (signed(9, hub="hub-2"), "for hub 'hub-2'"),
        (signed(4), "serial 4 is not higher"),
        (signed(5, hours=1), "something else under the serial"),
        (signed(9, cloud_time="noon"), "entitlement.cloud_time must be a whole number"),
        (signed(9, cameras={DOOR: {"plan": "free", "windows": []}}), "must have at least one step"),
    ],
)
async def test_any_other_document_changes_nothing_and_is_reported(document: str, reason: str) -> None:
    hub = Hub()
    async with hub.following():
        await hub.receive(signed(5, hours=48))
        hub.held.changed.clear()
        await hub.receive(document)
        assert hub.held.steps(DOOR) == (WindowStep(0, 48 * HOUR_MS),)
        assert hub.held.serial == 5
        assert hub.vault.document == signed(5, hours=48)
        assert not hub.held.changed.is_set()
        assert hub.time.moments == [NOON_MS]
        (problem,) = hub.board.problems
        assert reason in problem
        await hub.receive(signed(10))
        assert hub.held.serial == 10
        assert hub.board.problems == ()


async def test_an_ignored_document_is_logged_without_its_content(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    document = signed(9, key=STRANGER)
    async with hub.following():
        await hub.receive(document)
    assert "ignored: an entitlement, because" in caplog.text
    assert document[:40] not in caplog.text


async def test_the_held_document_again_is_silent() -> None:
    hub = Hub()
    async with hub.following():
        await hub.receive(signed(5))
        hub.held.changed.clear()
        await hub.receive(signed(5))
    assert hub.board.problems == ()
    assert not hub.held.changed.is_set()


async def test_a_document_is_obeyed_and_acknowledged_only_after_it_was_kept() -> None:
    hub = Hub()
    async with hub.following():
        hub.vault.fails_with = TryLater("the disk is full")
        await hub.receive(signed(1))
        assert hub.task.done()
        assert hub.held.serial == 0
        assert hub.link.acknowledged == []
    hub.vault.fails_with = None
    async with hub.following():
        await settle()
        assert hub.held.serial == 1
        assert hub.link.acknowledged == [signed(1)]


async def test_after_a_restart_the_kept_document_is_obeyed_before_any_connection() -> None:
    hub = Hub(vault=FakeVault(signed(5, hours=48)))
    async with hub.following():
        assert hub.held.steps(DOOR) == (WindowStep(0, 48 * HOUR_MS),)
        await hub.receive(signed(4))
        assert hub.held.serial == 5


async def test_a_camera_that_is_no_longer_named_keeps_its_steps_over_a_restart() -> None:
    before = Hub()
    async with before.following():
        await before.receive(signed(1, 48, named=(DOOR, YARD)), signed(2, 12))
    after = Hub(vault=before.vault)
    async with after.following():
        assert after.held.steps(YARD) == (WindowStep(0, 48 * HOUR_MS),)
        assert after.held.steps(DOOR) == (WindowStep(0, 12 * HOUR_MS),)
        assert after.held.serial == 2


def flipped(document: str) -> str:
    return document[:-8] + document[-8:].swapcase()


@pytest.mark.parametrize("damage", [garbage, cut, tampered, flipped])
async def test_a_kept_document_that_is_damaged_is_reported_and_as_if_there_was_none(
    damage: Callable[[str], str],
) -> None:
    damaged = damage(signed(5))
    hub = Hub(vault=FakeVault(damaged))
    async with hub.following():
        assert hub.held.steps(DOOR) is None
        assert hub.vault.document == damaged
        assert len(hub.board.problems) == 1
        await hub.receive(signed(6))
        assert hub.held.serial == 6
        assert hub.board.problems == ()


async def test_a_vault_that_cannot_be_read_is_reported_and_new_documents_are_obeyed() -> None:
    hub = Hub()
    hub.vault.fails_with = NeedsAttention("entitlement.jws is damaged")
    async with hub.following():
        assert "entitlement.jws is damaged" in hub.board.problems[0]
        hub.vault.fails_with = None
        await hub.receive(signed(1))
        assert hub.held.serial == 1


async def test_a_fresh_document_is_asked_for_at_each_connection_naming_the_serial_held() -> None:
    hub = Hub()
    async with hub.following():
        assert hub.link.pulls == []
        hub.link.connected.set()
        await settle()
        assert hub.link.pulls == [0]
        await hub.receive(signed(7))
        hub.link.connected.clear()
        await hub.clock.advance(10)
        hub.link.connected.set()
        await hub.clock.advance(10)
        assert hub.link.pulls == [0, 7]


async def test_a_document_is_asked_for_again_once_it_is_a_day_old() -> None:
    hub = Hub()
    async with hub.following():
        hub.link.connected.set()
        await hub.receive(signed(1))
        await hub.clock.advance(86_000)
        assert len(hub.link.pulls) == 1
        await hub.clock.advance(405)
        assert len(hub.link.pulls) == 2
        await hub.clock.advance(ASK_AGAIN_S + 5)
        assert len(hub.link.pulls) == 3
        await hub.receive(signed(2, issued_at=hub.clock.now_ms()))
        await hub.clock.advance(80_000)
        assert len(hub.link.pulls) == 3


async def test_a_hub_that_has_no_document_asks_again_and_again() -> None:
    hub = Hub()
    async with hub.following():
        hub.link.connected.set()
        await hub.clock.advance(3 * ASK_AGAIN_S + 20)
        assert hub.link.pulls == [0, 0, 0, 0]


def test_claims_are_plain_json() -> None:
    assert json.loads(json.dumps(claims(1))) == claims(1)
