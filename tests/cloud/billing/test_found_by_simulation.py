"""What the simulation of random accounts found, each once, and small."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_cloud.domain.billing import events
from backsight_cloud.domain.billing.events import (
    Closed,
    CreditGiven,
    Event,
    PlanGranted,
    RefundGiven,
    Subscribed,
)
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.services.billing import unborn
from backsight_shared import shapes
from fakes.town_of_payers import ANNA, Payers, local_ms, payers

FRONT = "aabbcc000001"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Payers]:
    async with payers(tmp_path) as found:
        await found.set_up(FRONT)
        await found.save_card()
        found.clock.put(local_ms("2026-01-31T10:00"))
        await found.plans.choose(ANNA, Subscribed("plus", Cycle.MONTH, FRONT))
        yield found


async def happen(town: Payers, event: Event) -> None:
    async with town.database.begin() as tx:
        await town.billing.apply(tx, ANNA, event, town.clock.now_ms())
    await town.cashier.settle(ANNA)


async def test_credit_that_an_operator_gives_has_its_mail(town: Payers) -> None:
    await happen(town, CreditGiven(100))
    assert "credit_note" in await town.mails()


async def test_a_refund_that_an_operator_gives_has_its_mail(town: Payers) -> None:
    charge = (await town.care()).paid[0].key
    await happen(town, RefundGiven(charge, 100))
    assert (await town.bills())[-1] == ("credit_note", 100, 0)
    assert "credit_note" in await town.mails()


async def test_the_credit_of_an_account_that_closes_is_paid_out_with_its_mail(town: Payers) -> None:
    await town.plans.choose(ANNA, Subscribed("premium", Cycle.MONTH))
    one = (await town.care()).subscriptions[0]
    preview = await town.plans.preview(ANNA, events.Cancelled(one.id, events.When.NOW))
    await town.plans.choose(ANNA, events.Cancelled(one.id, events.When.NOW), preview.confirm)
    await happen(town, Closed())
    assert (await town.care()).credit_cents == 0


async def test_the_stored_events_alone_make_the_account(tmp_path: Path) -> None:
    """Also what was there before the first of them: its zone, its cameras, and plans given by hand."""
    async with payers(tmp_path) as town:
        await town.set_up(FRONT)
        await happen(town, PlanGranted(FRONT, "plus"))
        care = unborn(ANNA)
        async with town.database.read() as tx:
            stored = await tx.billings.events(ANNA)
        for row in stored:
            event = shapes.read(getattr(events, row.kind), json.loads(row.body))
            care = after(care, event, row.at_ms, town.terms).care
        assert care == await town.care()
        assert care.zone == "America/New_York"
