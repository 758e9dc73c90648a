"""Invoices, receipts and credit notes say what was paid, to the cent, and never change afterwards."""

import json
from dataclasses import replace
from datetime import date

import pytest

from backsight_cloud.domain.billing.sheet import Document, Item
from backsight_cloud.domain.documents import Paper, PaperCard, PaperKind, PaperLine, day_read, issued, told
from backsight_shared import shapes
from fakes.papers import AN_INVOICE, NEW_YORK, at

CREDIT_NOTE = Document(
    "credit_note", "o1", (Item("plus", "c1", 1479, unused_days=180, period_days=365),), 479, 1000
)


def a_paper(document: Document) -> Paper:
    return issued(
        document,
        "C2026-000001",
        at("2026-09-01T12:00"),
        zone=NEW_YORK,
        seller=("Backsight",),
        email="ann@example.org",
        currency="USD",
        names={"c1": "Front door"},
        card=PaperCard("Visa", "4242"),
        refers_to="I2026-000007",
    )


def test_an_invoice_says_its_number_its_day_and_its_account() -> None:
    words = told(AN_INVOICE)
    assert (words.title, words.number) == ("Invoice", "2026-000123")
    assert words.facts == (
        ("Number", "2026-000123"),
        ("Date", "31 January 2026"),
        ("Account", "ann@example.org"),
    )


def test_a_line_says_its_period_from_bill_date_to_bill_date() -> None:
    line = told(AN_INVOICE).lines[0]
    assert (line.text, line.period) == ("Plus for Front door", "31 January 2026 to 28 February 2026")
    assert line.amount == "$2.99"


def test_the_day_is_that_of_the_accounts_zone() -> None:
    late = replace(AN_INVOICE, at_ms=at("2026-01-31T23:30"))  # in UTC it is February already
    assert told(late).facts[1] == ("Date", "31 January 2026")


def test_the_sums_say_what_paid_for_it() -> None:
    assert told(AN_INVOICE).sums == (
        ("Total", "$12.98"),
        ("Paid by credit", "$1.82"),
        ("Charged to Visa ending in 4242", "$11.16"),
    )


def test_what_is_too_little_for_a_card_is_said_to_come_later() -> None:
    paper = replace(AN_INVOICE, credit_cents=1290, card_cents=0, carried_cents=8, card=None)
    words = told(paper)
    assert words.sums[1:] == (("Paid by credit", "$12.90"), ("Comes with the next bill", "$0.08"))
    assert words.notes[1].startswith("The rest is too little")


def test_the_next_bill_is_said() -> None:
    assert told(AN_INVOICE).notes[0] == "The next bill is on 28 February 2026."


def test_a_credit_note_says_where_the_money_goes_and_what_it_is_for() -> None:
    words = told(a_paper(CREDIT_NOTE))
    assert words.title == "Credit note"
    assert words.facts[-1] == ("For invoice", "I2026-000007")
    assert words.lines[0].text == "Plus for Front door: 180 of 365 days unused"
    assert words.sums == (
        ("Total", "$14.79"),
        ("Added to your credit", "$4.79"),
        ("Refunded to Visa ending in 4242", "$10.00"),
    )


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        ("premium", "Premium"),
        ("owed", "From earlier bills"),
        ("kindness", "Credit that we gave"),
        ("refund", "Refund"),
    ],
)
def test_what_is_no_camera_has_words_of_its_own(plan: str, text: str) -> None:
    paper = a_paper(Document("invoice", "o1", (Item(plan, None, 300),), 0, 300))
    assert told(paper).lines[0].text == text


def test_a_camera_without_a_name_is_called_by_its_identity() -> None:
    paper = a_paper(Document("invoice", "o1", (Item("plus", "74fece010203", 300),), 0, 300))
    assert told(paper).lines[0].text == "Plus for 74fece010203"


def test_a_card_that_paid_nothing_is_not_named() -> None:
    assert a_paper(Document("invoice", "o1", (Item("plus", "c1", 300),), 300, 0)).card is None


def test_what_cannot_be_read_is_marked() -> None:
    paper = replace(AN_INVOICE, email="ann\n\ud800@example.org")
    assert told(paper).facts[2][1] == "ann\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}@example.org"


def test_a_paper_is_kept_as_it_was_issued() -> None:
    kept = json.dumps(shapes.write(AN_INVOICE))
    assert shapes.read(Paper, json.loads(kept)) == AN_INVOICE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"credit_cents": 183}, "lines of 1298 cents, payments of 1299"),
        ({"credit_cents": -1, "card_cents": 1299}, "lines of 1298 cents"),
        ({"number": "26-1"}, "'26-1' is not a number like 2026-000123"),
        ({"lines": (), "credit_cents": 0, "card_cents": 0}, "no line or no seller"),
        ({"seller": ()}, "no line or no seller"),
    ],
)
def test_a_paper_that_does_not_add_up_does_not_exist(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(AN_INVOICE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("last4", ["4242424242424242", "42", "abcd", ""])
def test_no_more_of_a_card_than_its_last_four_digits(last4: str) -> None:
    with pytest.raises(ValueError, match="only the last four digits"):
        PaperCard("Visa", last4)


def test_a_receipt_is_called_so() -> None:
    assert told(replace(AN_INVOICE, kind=PaperKind.RECEIPT)).title == "Receipt"


def test_a_day_is_read_without_doubt() -> None:
    assert day_read(date(2026, 2, 1)) == "1 February 2026"


def test_another_currency_is_written_as_its_own() -> None:
    line = PaperLine("Plus", 1298)
    yen = replace(AN_INVOICE, currency="JPY", lines=(line,), credit_cents=182, card_cents=1116)
    assert told(yen).sums[0] == ("Total", "¥1,298")


@pytest.mark.parametrize(("brand", "text"), [("visa", "Visa"), ("amex", "American Express"), ("Elo", "Elo")])
def test_a_brand_is_written_as_on_the_card(brand: str, text: str) -> None:
    paper = replace(AN_INVOICE, card=PaperCard(brand, "4242"))
    assert told(paper).sums[-1] == (f"Charged to {text} ending in 4242", "$11.16")
