"""Through the site: a card, a choice, its preview and its confirmation; what is announced happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backsight_cloud.services.entitling import Issuer, publish_forever
from backsight_cloud.web import idempotency
from backsight_shared.signing import SigningKey
from backsight_shared.window import horizon
from fakes.api_world import DAY_S, World, api_world
from fakes.broker import FakeBroker
from fakes.clock import NOON_MS, FakeClock
from fakes.household import ANNA, DOOR, HOUR_MS, HUB, YARD, a_run, segments_of

CARE, CHOICES, PREVIEWS = "/v1/care", "/v1/care/choices", "/v1/care/previews"
PLUS = {"kind": "subscribe", "plan": "plus", "cycle": "month", "camera": YARD}
CANCEL = {"kind": "cancel", "subscription": "anna-s1", "when": "now"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Anna has Plus for her door since nine hours."""
    async with api_world(tmp_path, FakeClock(NOON_MS)) as made:
        await made.clock.advance(9 * 3600)
        yield made


async def ask(
    world: World, method: str, path: str, body: object = None, role: str = "owner", key: str = ""
) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    status, text = await world.ask(role, method, path, body, **headers)
    return status, json.loads(text) if text else None


async def previewed(world: World, choice: object, role: str = "owner") -> Any:
    status, preview = await ask(world, "POST", PREVIEWS, {"choice": choice}, role)
    assert status == 200, preview
    return preview


async def chosen(
    world: World, choice: object, confirm: str = "", key: str = "key-00001", role: str = "owner"
) -> tuple[int, Any]:
    return await ask(world, "POST", CHOICES, {"choice": choice, "confirm": confirm}, role, key)


async def old_footage(world: World, count: int = 3) -> None:
    """Inside of what there was when Plus began, and outside of the free window."""
    run = a_run(world.clock.now_ms() - 20 * HOUR_MS, DOOR)
    await world.site.store(run, segments_of(run, count))


async def charges(world: World) -> list[int]:
    assert world.services.care is not None
    pages = world.services.care.cashier.payments.movements(0, 2**50)
    return [one.cents async for page in pages for one in page if one.key.startswith(ANNA)]


async def test_a_card_comes_by_the_browser_and_its_number_never_here(world: World) -> None:
    status, setup = await ask(world, "POST", "/v1/care/card/setups")
    assert status == 201
    form = {
        "client_secret": setup["client_secret"],
        "number": "5555555555554444",
        "exp_month": 12,
        "exp_year": 2044,
    }
    async with world.browser.post(
        world.site.address + setup["url"], json=form, headers=world.headers("owner")
    ) as given:
        assert given.status < 400, await given.text()
    status, care = await ask(world, "PUT", "/v1/care/card", {"setup": setup["setup"]})
    assert (status, care["card"]) == (
        200,
        {"brand": "mastercard", "last4": "4444", "exp_month": 12, "exp_year": 2044},
    )


async def test_a_choice_by_which_nothing_leaves_needs_no_confirmation(world: World) -> None:
    preview = await previewed(world, PLUS)
    assert (preview["confirm"], preview["leaves"], preview["money"]["charged_cents"]) == ("", [], 299)
    status, care = await chosen(world, PLUS)
    assert status == 200
    assert [one["plan"] for one in care["subscriptions"]] == ["plus", "plus"]


async def test_the_same_request_is_answered_the_same_and_charges_once(world: World) -> None:
    before = await charges(world)
    first, second = await chosen(world, PLUS), await chosen(world, PLUS)
    assert first == second
    assert await charges(world) == [*before, 299]


async def test_a_crash_between_effect_and_answer_charges_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, keep = await charges(world), idempotency._keep

    async def dies(*arguments: object) -> None:
        raise RuntimeError("the process ended here")

    monkeypatch.setattr(idempotency, "_keep", dies)
    status, _ = await chosen(world, PLUS)
    assert status == 500
    monkeypatch.setattr(idempotency, "_keep", keep)
    await world.clock.advance(idempotency.LEASE_MS / 1000 + 1)
    status, care = await chosen(world, PLUS)
    assert (status, len(care["subscriptions"])) == (200, 2)
    assert await charges(world) == [*before, 299]


async def test_without_a_key_nothing_is_charged(world: World) -> None:
    status, problem = await ask(world, "POST", CHOICES, {"choice": PLUS})
    assert (status, problem["field"]) == (400, "Idempotency-Key")


async def test_what_is_announced_is_what_leaves(world: World) -> None:
    await old_footage(world)
    preview = await previewed(world, CANCEL)
    [leaves] = preview["leaves"]
    assert (leaves["camera"], leaves["count"], leaves["at_ms"]) == (DOOR, 3, world.clock.now_ms())
    status, _ = await chosen(world, CANCEL, preview["confirm"])
    assert status == 200
    async with world.site.database.read() as tx:
        camera = await tx.cameras.camera(DOOR)
        assert camera is not None
        steps = await tx.cameras.steps(DOOR)
        reached = horizon(steps, camera.reached_ms, world.clock.now_ms())
        gone = await tx.billings.leaving(DOOR, 0, reached or 0)
        left = await tx.billings.leaving(DOOR, reached or 0, world.clock.now_ms())
    assert (gone.count, gone.size_bytes) == (leaves["count"], leaves["size_bytes"])
    assert left.count == 6  # what is younger stays


async def test_without_the_token_nothing_leaves(world: World) -> None:
    await old_footage(world)
    status, problem = await chosen(world, CANCEL)
    assert (status, problem["title"]) == (409, "Not confirmed")


async def test_a_token_is_for_its_own_choice(world: World) -> None:
    at_end = {**CANCEL, "when": "at_end"}
    preview = await previewed(world, CANCEL)
    assert (await chosen(world, at_end, preview["confirm"]))[0] == 409


async def test_a_token_is_for_its_own_account(world: World) -> None:
    theirs = {**CANCEL, "subscription": "bert-s1"}
    preview = await previewed(world, theirs, "other")
    assert (await chosen(world, CANCEL, preview["confirm"]))[0] == 409


async def test_a_token_lives_for_a_quarter_of_an_hour(world: World) -> None:
    preview = await previewed(world, CANCEL)
    assert preview["confirm_until_ms"] == world.clock.now_ms() + 15 * 60_000
    await world.clock.advance(15 * 60)
    assert (await chosen(world, CANCEL, preview["confirm"]))[0] == 409


async def test_a_token_is_stale_when_the_account_has_changed(world: World) -> None:
    preview = await previewed(world, CANCEL)
    await chosen(world, PLUS, key="key-00002")
    assert (await chosen(world, CANCEL, preview["confirm"]))[0] == 409


async def test_a_token_is_stale_when_more_would_leave_than_was_announced(world: World) -> None:
    preview = await previewed(world, CANCEL)
    await old_footage(world, 121)
    assert (await chosen(world, CANCEL, preview["confirm"]))[0] == 409


async def test_a_forged_token_confirms_nothing(world: World) -> None:
    await old_footage(world)
    preview = await previewed(world, CANCEL)
    forged = preview["confirm"][:-1] + ("0" if preview["confirm"][-1] != "0" else "1")
    assert (await chosen(world, CANCEL, forged))[0] == 409


async def test_the_hubs_document_is_published_within_a_second(world: World) -> None:
    broker, issuer = FakeBroker(), Issuer("cloud-under-test", SigningKey.generate())
    broker.connect()
    assert world.services.care is not None
    wakes = world.services.care.billing.wakes
    publishing = asyncio.create_task(publish_forever(world.site.database, broker, issuer, wakes, world.clock))
    try:
        await _until(lambda: HUB in broker.published)
        broker.published.clear()
        preview = await previewed(world, CANCEL)
        await chosen(world, CANCEL, preview["confirm"])
        await _until(lambda: HUB in broker.published)
    finally:
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def test_a_plus_moves_to_another_camera_after_its_preview(world: World) -> None:
    move = {"kind": "move_plus", "subscription": "anna-s1", "camera": YARD}
    preview = await previewed(world, move)
    status, care = await chosen(world, move, preview["confirm"])
    assert status == 200, care
    assert [(one["plan"], one["camera"]) for one in care["subscriptions"]] == [("plus", YARD)]


# ---------------------------------------------------------------- removing a camera

UNBINDING = f"/v1/cameras/{DOOR}/unbinding"


async def unbound(world: World, confirm: str, key: str = "key-00009", role: str = "owner") -> tuple[int, Any]:
    return await ask(world, "POST", UNBINDING, {"confirm": confirm}, role, key)


async def test_removing_a_camera_announces_history_and_money_and_does_just_that(world: World) -> None:
    status, preview = await ask(world, "GET", UNBINDING)
    assert (status, preview["count"], preview["unbound"]) == (200, 6, False)
    assert preview["money"]["refunded_cents"] > 200
    status, done = await unbound(world, preview["confirm"])
    assert status == 200
    assert (done["count"], done["money"], done["unbound"]) == (6, preview["money"], True)
    assert (await ask(world, "GET", CARE))[1]["subscriptions"] == []
    assert sorted(await charges(world)) == [preview["money"]["refunded_cents"], 299]
    assert (await ask(world, "GET", f"/v1/cameras/{DOOR}"))[0] == 404


async def test_removing_it_twice_by_the_same_request_is_one_removal(world: World) -> None:
    _, preview = await ask(world, "GET", UNBINDING)
    assert await unbound(world, preview["confirm"]) == await unbound(world, preview["confirm"])


async def test_a_camera_is_not_removed_unconfirmed_nor_with_a_stale_preview(world: World) -> None:
    _, preview = await ask(world, "GET", UNBINDING)
    assert (await unbound(world, "nothing"))[0] == 409
    await old_footage(world, 121)
    assert (await unbound(world, preview["confirm"], "key-00010"))[0] == 409


# ---------------------------------------------------------------- operators


async def test_an_operator_sees_counts_and_what_to_look_at(world: World) -> None:
    status, shown = await ask(world, "GET", "/v1/operator/billing", role="operator")
    assert status == 200
    assert shown["subscriptions"] == [{"plan": "plus", "status": "active", "count": 2}]
    assert (shown["past_due"], shown["orders_waiting"], shown["differences"]) == (0, 0, None)


async def test_credit_that_an_operator_gives_is_given_once_and_pays_the_next_bill(world: World) -> None:
    credit = {"account": ANNA, "cents": 100}
    for _ in range(2):
        status, given = await ask(world, "POST", "/v1/operator/credits", credit, "operator", "key-00020")
        assert (status, given["credit_cents"]) == (200, 100)
    status, care = await chosen(world, PLUS)
    assert (status, care["credit_cents"]) == (200, 0)
    assert (await charges(world))[-1] == 199


async def test_a_refund_by_an_operator_goes_to_the_card_once_and_never_beyond_the_charge(
    world: World,
) -> None:
    refund = {"account": ANNA, "charge": await charge_key(world), "cents": 200}
    for _ in range(2):
        status, _ = await ask(world, "POST", "/v1/operator/refunds", refund, "operator", "key-00021")
        assert status == 200
    assert sorted(await charges(world)) == [200, 299]
    status, problem = await ask(world, "POST", "/v1/operator/refunds", refund, "operator", "key-00022")
    assert (status, problem["detail"]) == (422, "of this charge 99 cents can be given back")


async def test_an_account_that_is_not_there_gets_nothing(world: World) -> None:
    credit = {"account": "nobody", "cents": 100}
    status, _ = await ask(world, "POST", "/v1/operator/credits", credit, "operator", "key-00023")
    assert status == 404


async def test_the_clock_is_not_moved_without_test_mode(world: World) -> None:
    to_ms = world.clock.now_ms() + DAY_S * 1000
    status, problem = await ask(world, "POST", "/v1/operator/clock", {"to_ms": to_ms}, "operator")
    assert status == 422
    assert "test_mode" in problem["detail"]


async def charge_key(world: World) -> str:
    assert world.services.care is not None
    return (await world.services.care.plans.kept(ANNA)).care.paid[0].key


async def _until(come: Any) -> None:
    async with asyncio.timeout(1):
        while not come():
            await asyncio.sleep(0.01)
