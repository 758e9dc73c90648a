"""Billing in the database: what happened, whose turn it is, money on its way, and numbers without gaps."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.billing_ports import Happened, Kept, Order, Waiting
from backsight_cloud.domain.billing.care import BoundCamera, Care, Status, Subscription
from backsight_cloud.domain.billing.sheet import Book, Document, Entry, Item
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.records import Extent
from backsight_cloud.ports import Database
from fakes.clock import NOON_MS
from fakes.database import FakeDatabase
from fakes.household import ANNA, BERT, DOOR, YARD, a_run, move_in, record, segments_of

LEASE_MS = 1_000
LATER_MS = NOON_MS + 5_000
CARE = Care(ANNA, "America/New_York", (BoundCamera(DOOR, NOON_MS),), (DOOR,), credit_cents=182)
CHARGE = Order("anna-o1", ANNA, "charge", 299, "", NOON_MS)
REFUND = Order("anna-r2", ANNA, "refund", 100, "anna-o1", NOON_MS + 1)
BERTS = replace(CHARGE, key="bert-o1", account=BERT, asked_ms=NOON_MS - 1)
PAID = Entry("charge", "anna-o1", ((Book.CARD, 299), (Book.REVENUE, -299)))
BACK = Entry("refund", "anna-r2", ((Book.REFUNDS, 100), (Book.CARD, -100)))
INVOICE = Document("invoice", "anna-o1", (Item("plus", DOOR, 299, NOON_MS, LATER_MS),), 0, 299, 0, LATER_MS)
CREDIT_NOTE = Document("credit_note", "anna-o1", (Item("plus", DOOR, 100, None, None, 17, 28),), 100, 0)


@pytest.fixture(params=["fake", "sqlite"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "fake":
        fake = FakeDatabase()
        await move_in(fake)
        yield fake
        return
    async with open_database(f"sqlite+aiosqlite:///{tmp_path}/cloud.db") as opened:
        await move_in(opened)
        yield opened


async def keep(
    database: Database, version: int = 1, due_ms: int | None = None, account: str = ANNA, request: str = ""
) -> Happened:
    happened = Happened(version, NOON_MS + version, "CameraAdded", f'{{"camera":"{DOOR}"}}', request)
    async with database.begin() as tx:
        await tx.billings.keep(Kept(replace(CARE, account=account), version), happened, due_ms)
    return happened


async def claim(database: Database, now_ms: int, limit: int = 10) -> list[str]:
    async with database.begin() as tx:
        return list(await tx.billings.claim_due(now_ms, limit, LEASE_MS))


async def next_ms(database: Database) -> int | None:
    async with database.read() as tx:
        return await tx.billings.next_ms()


async def order(database: Database, *orders: Order) -> None:
    async with database.begin() as tx:
        for one in orders:
            await tx.orders.add(one)


async def claimed(database: Database, now_ms: int, limit: int = 10, account: str | None = None) -> list[str]:
    async with database.begin() as tx:
        return [one.key for one in await tx.orders.claim(now_ms, limit, LEASE_MS, account)]


async def answered(database: Database, key: str, answer: str, now_ms: int = LATER_MS) -> bool:
    async with database.begin() as tx:
        return await tx.orders.answered(key, answer, now_ms)


# ---------------------------------------------------------------- accounts


async def test_an_account_is_found_as_it_was_kept(database: Database) -> None:
    await keep(database, 1)
    await keep(database, 2)
    async with database.read() as tx:
        assert await tx.billings.kept(ANNA) == Kept(CARE, 2)
        assert await tx.billings.kept(BERT) is None


async def test_what_happened_is_told_in_its_order(database: Database) -> None:
    first, second = await keep(database, 1), await keep(database, 2)
    await keep(database, 1, account=BERT)
    async with database.read() as tx:
        assert list(await tx.billings.events(ANNA)) == [first, second]


async def test_a_request_has_happened_for_its_account_only(database: Database) -> None:
    await keep(database, request="once")
    async with database.read() as tx:
        assert await tx.billings.has_happened(ANNA, "once")
        assert not await tx.billings.has_happened(ANNA, "twice")
        assert not await tx.billings.has_happened(BERT, "once")


async def test_accounts_come_page_by_page(database: Database) -> None:
    await keep(database, account=BERT)
    await keep(database)
    async with database.read() as tx:
        assert list(await tx.billings.accounts("", 1)) == [ANNA]
        assert list(await tx.billings.accounts(ANNA, 5)) == [BERT]


async def test_what_is_due_is_claimed_once_until_the_lease_has_ended(database: Database) -> None:
    await keep(database, due_ms=NOON_MS)
    assert await claim(database, NOON_MS - 1) == []
    assert await claim(database, NOON_MS) == [ANNA]
    assert await claim(database, NOON_MS + LEASE_MS - 1) == []
    assert await claim(database, NOON_MS + LEASE_MS) == [ANNA]


async def test_the_longest_due_comes_first(database: Database) -> None:
    await keep(database, due_ms=NOON_MS)
    await keep(database, due_ms=NOON_MS - 1, account=BERT)
    assert await claim(database, NOON_MS, limit=1) == [BERT]
    assert await claim(database, NOON_MS, limit=1) == [ANNA]


async def test_an_event_gives_the_lease_back(database: Database) -> None:
    await keep(database, due_ms=NOON_MS)
    await claim(database, NOON_MS)
    await keep(database, 2, due_ms=NOON_MS)
    assert await claim(database, NOON_MS) == [ANNA]


async def test_the_next_moment_is_that_of_accounts_and_orders(database: Database) -> None:
    assert await next_ms(database) is None
    await keep(database, due_ms=LATER_MS)
    assert await next_ms(database) == LATER_MS
    await order(database, CHARGE)
    assert await next_ms(database) == NOON_MS


async def test_a_lease_does_not_hide_who_is_due_before_it_ends(database: Database) -> None:
    await keep(database, due_ms=NOON_MS)
    await keep(database, due_ms=NOON_MS + 10, account=BERT)
    assert await claim(database, NOON_MS) == [ANNA]
    assert await next_ms(database) == NOON_MS + 10
    assert await claim(database, NOON_MS + 10) == [BERT]
    assert await next_ms(database) == NOON_MS + LEASE_MS


async def test_subscriptions_are_counted_by_plan_and_status(database: Database) -> None:
    async with database.read() as tx:
        assert dict(await tx.billings.standings()) == {}
    plus, late = a_subscription("s1", Status.ACTIVE), a_subscription("s2", Status.PAST_DUE)
    for account, ones in ((ANNA, (plus, replace(plus, id="s3"), late)), (BERT, (plus,))):
        async with database.begin() as tx:
            care = replace(CARE, account=account, subscriptions=ones)
            happened = Happened(1, NOON_MS, "TimePassed", "{}")
            await tx.billings.keep(Kept(care, 1), happened, None)
    await keep(database, 2, account=BERT)  # has none any more
    async with database.read() as tx:
        assert dict(await tx.billings.standings()) == {("plus", "active"): 2, ("plus", "past_due"): 1}


def a_subscription(name: str, status: Status) -> Subscription:
    return Subscription(name, "plus", Cycle.MONTH, status, "UTC", NOON_MS, DOOR)


async def test_a_customer_is_found_from_both_sides(database: Database) -> None:
    async with database.begin() as tx:
        await tx.billings.set_customer(ANNA, "sandbox", "cus_1")
        await tx.billings.set_customer(ANNA, "sandbox", "cus_2")
    async with database.read() as tx:
        assert await tx.billings.customer(ANNA, "sandbox") == "cus_2"
        assert await tx.billings.customer(ANNA, "stripe") is None
        assert await tx.billings.account_of_customer("sandbox", "cus_2") == ANNA
        assert await tx.billings.account_of_customer("sandbox", "cus_1") is None


async def test_customers_of_closed_accounts_are_found_until_they_are_dropped(database: Database) -> None:
    async with database.begin() as tx:
        for account in (ANNA, BERT):
            await tx.billings.set_customer(account, "sandbox", f"cus_{account}")
        anna = await tx.people.account(ANNA)
        assert anna is not None
        await tx.people.update_account(replace(anna, closed_ms=NOON_MS))
    async with database.begin() as tx:
        assert list(await tx.billings.closed_customers("sandbox", 10)) == [(ANNA, "cus_anna")]
        assert list(await tx.billings.closed_customers("stripe", 10)) == []
        await tx.billings.drop_customer(ANNA, "sandbox")
        assert list(await tx.billings.closed_customers("sandbox", 10)) == []


async def test_what_leaves_is_what_ends_after_the_one_and_not_after_the_other(database: Database) -> None:
    run = a_run(NOON_MS)
    segments = segments_of(run, 4)
    await record(database, run, segments)
    async with database.read() as tx:
        found = await tx.billings.leaving(DOOR, segments[0].end_ms, segments[2].end_ms)
        none = await tx.billings.leaving(YARD, 0, LATER_MS)
    inner = segments[1:3]
    size = sum(one.size_bytes for one in inner)
    assert found == Extent(2, size, inner[0].start_ms, inner[1].end_ms)
    assert none == Extent()


# ---------------------------------------------------------------- orders


async def test_an_order_is_sent_by_one_at_a_time(database: Database) -> None:
    await order(database, CHARGE)
    assert await claimed(database, NOON_MS - 1) == []
    assert await claimed(database, NOON_MS) == ["anna-o1"]
    assert await claimed(database, NOON_MS + LEASE_MS - 1) == []
    assert await claimed(database, NOON_MS + LEASE_MS) == ["anna-o1"]


async def test_each_claim_is_a_try(database: Database) -> None:
    await order(database, CHARGE)
    await claimed(database, NOON_MS)
    await claimed(database, NOON_MS + LEASE_MS)
    async with database.read() as tx:
        assert await tx.orders.order("anna-o1") == replace(CHARGE, tries=2)


async def test_orders_are_claimed_oldest_first_and_for_one_account_if_wanted(database: Database) -> None:
    await order(database, CHARGE, REFUND, BERTS)
    assert await claimed(database, LATER_MS, limit=1) == ["bert-o1"]
    assert await claimed(database, LATER_MS, account=BERT) == []
    assert await claimed(database, LATER_MS, account=ANNA) == ["anna-o1", "anna-r2"]


async def test_an_order_that_is_put_off_comes_then(database: Database) -> None:
    await order(database, CHARGE)
    await claimed(database, NOON_MS)
    async with database.begin() as tx:
        await tx.orders.later("anna-o1", NOON_MS + 10)
    assert await claimed(database, NOON_MS + 9) == []
    assert await claimed(database, NOON_MS + 10) == ["anna-o1"]


async def test_an_answered_order_is_not_sent_again(database: Database) -> None:
    await order(database, CHARGE)
    assert await answered(database, "anna-o1", '{"charge":"ch_1"}')
    async with database.begin() as tx:
        await tx.orders.later("anna-o1", NOON_MS)
    assert await claimed(database, LATER_MS) == []
    assert await next_ms(database) is None


async def test_the_first_answer_counts(database: Database) -> None:
    await order(database, CHARGE)
    assert await answered(database, "anna-o1", '{"charge":"ch_1"}')
    assert not await answered(database, "anna-o1", '{"code":"declined"}', LATER_MS + 1)
    assert not await answered(database, "unknown", '{"charge":"ch_1"}')
    async with database.read() as tx:
        kept = await tx.orders.order("anna-o1")
    assert kept == replace(CHARGE, answer='{"charge":"ch_1"}', answered_ms=LATER_MS)


async def test_an_answer_may_turn_out_otherwise_and_nothing_before_it_was_given(database: Database) -> None:
    await order(database, CHARGE)
    for answer in ("", '{"charge":"ch_1","taken_back":"evt_1"}'):
        async with database.begin() as tx:
            await tx.orders.turned_out("anna-o1", '{"charge":"ch_1","taken_back":"evt_1"}')
        async with database.read() as tx:
            kept = await tx.orders.order("anna-o1")
        assert kept is not None
        assert kept.answer == answer
        await answered(database, "anna-o1", '{"charge":"ch_1"}')


async def test_the_order_of_a_charge_is_found_by_the_providers_name(database: Database) -> None:
    await order(database, CHARGE, REFUND)
    await answered(database, "anna-o1", '{"charge":"ch_1"}')
    await answered(database, "anna-r2", '{"refund":"re_1"}')
    async with database.read() as tx:
        found = await tx.orders.of_charge("ch_1")
        assert await tx.orders.of_charge("re_1") is None
    assert found is not None
    assert found.key == "anna-o1"


async def test_what_waits_is_counted_and_how_long(database: Database) -> None:
    async with database.read() as tx:
        assert await tx.orders.waiting() == Waiting()
    await order(database, CHARGE, REFUND, BERTS)
    await claimed(database, LATER_MS)
    await answered(database, "bert-o1", '{"charge":"ch_1"}')
    async with database.read() as tx:
        assert await tx.orders.waiting() == Waiting(2, NOON_MS)


async def test_orders_are_listed_by_account_and_by_when_they_were_asked(database: Database) -> None:
    await order(database, REFUND, CHARGE, BERTS)
    async with database.read() as tx:
        assert [one.key for one in await tx.orders.of_account(ANNA)] == ["anna-o1", "anna-r2"]
        found = await tx.orders.asked_between(NOON_MS - 1, NOON_MS + 1)
    assert [one.key for one in found] == ["bert-o1", "anna-o1"]


async def test_what_a_hook_tells_is_new_once(database: Database) -> None:
    async with database.begin() as tx:
        assert await tx.orders.hook_is_new("evt_1", NOON_MS)
    async with database.begin() as tx:
        assert not await tx.orders.hook_is_new("evt_1", LATER_MS)
        assert await tx.orders.hook_is_new("evt_2", LATER_MS)


# ---------------------------------------------------------------- books


async def test_balances_are_the_sums_of_the_books(database: Database) -> None:
    async with database.begin() as tx:
        await tx.books.write(ANNA, NOON_MS, [PAID, BACK])
        await tx.books.write(BERT, NOON_MS, [PAID])
    async with database.read() as tx:
        assert await tx.books.balances(ANNA) == {Book.CARD: 199, Book.REVENUE: -299, Book.REFUNDS: 100}
        assert (await tx.books.balances())[Book.CARD] == 498


async def test_what_an_order_moved_is_what_is_in_the_cards_book(database: Database) -> None:
    async with database.begin() as tx:
        await tx.books.write(ANNA, NOON_MS, [PAID, BACK])
    async with database.read() as tx:
        found = await tx.books.card_by_order(["anna-o1", "anna-r2", "anna-o9"])
    assert found == {"anna-o1": 299, "anna-r2": -100}


async def test_lines_come_entry_by_entry_and_are_an_accounts_if_wanted(database: Database) -> None:
    async with database.begin() as tx:
        await tx.books.write(ANNA, NOON_MS, [PAID])
        await tx.books.write(BERT, LATER_MS, [BACK])
    async with database.read() as tx:
        every = await tx.books.lines(None, 0, 10)
        annas = await tx.books.lines(ANNA, 0, 10)
        rest = await tx.books.lines(None, every[0].entry, 10)
    assert [(one.account, one.book, one.cents) for one in every] == [
        (ANNA, Book.CARD, 299),
        (ANNA, Book.REVENUE, -299),
        (BERT, Book.CARD, -100),
        (BERT, Book.REFUNDS, 100),
    ]
    assert [(one.text, one.order, one.at_ms) for one in annas] == [("charge", "anna-o1", NOON_MS)] * 2
    assert list(rest) == list(every[2:])


async def test_documents_are_numbered_without_a_gap_by_kind_and_year(database: Database) -> None:
    numbers = []
    for year, document in ((2026, INVOICE), (2026, CREDIT_NOTE), (2026, INVOICE), (2027, INVOICE)):
        async with database.begin() as tx:
            numbers.append(await tx.books.add_document(ANNA, NOON_MS, year, document))
    assert numbers == ["2026-000001", "C2026-000001", "2026-000002", "2027-000001"]


async def test_a_number_that_was_not_committed_is_given_again(database: Database) -> None:
    with pytest.raises(RuntimeError, match="a crash"):
        await _numbered_and_crashed(database)
    async with database.begin() as tx:
        assert await tx.books.add_document(ANNA, NOON_MS, 2026, INVOICE) == "2026-000001"


async def _numbered_and_crashed(database: Database) -> None:
    async with database.begin() as tx:
        await tx.books.add_document(ANNA, NOON_MS, 2026, INVOICE)
        raise RuntimeError("a crash")


async def test_a_document_is_found_as_it_was_written_and_by_its_account_only(database: Database) -> None:
    async with database.begin() as tx:
        number = await tx.books.add_document(ANNA, NOON_MS, 2026, INVOICE)
    async with database.read() as tx:
        found = await tx.books.document(ANNA, number)
        assert await tx.books.document(BERT, number) is None
    assert found is not None
    assert (found.document, found.at_ms, found.account) == (INVOICE, NOON_MS, ANNA)


async def test_documents_come_newest_first_page_by_page(database: Database) -> None:
    async with database.begin() as tx:
        for document in (INVOICE, CREDIT_NOTE, INVOICE):
            await tx.books.add_document(ANNA, NOON_MS, 2026, document)
        await tx.books.add_document(BERT, NOON_MS, 2026, INVOICE)
    async with database.read() as tx:
        first = [one.number for one in await tx.books.documents(ANNA, "", 2)]
        rest = [one.number for one in await tx.books.documents(ANNA, first[-1], 2)]
        none = await tx.books.documents(ANNA, "2026-000003", 2)  # Bert's
    assert (first, rest, list(none)) == (["2026-000002", "C2026-000001"], ["2026-000001"], [])
