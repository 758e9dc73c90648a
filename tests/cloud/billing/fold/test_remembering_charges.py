"""A charge is remembered for as long as any of it may have to go back, however many come after it."""

from fakes.account_life import Life


def test_the_first_of_forty_yearly_plans_is_refunded_after_all_the_others() -> None:
    names = [f"c{number}" for number in range(40)]
    life = Life(cameras=" ".join(names))
    for day, name in enumerate(names):
        life.at(f"2026-{3 + day // 28:02}-{1 + day % 28:02}T10:00", f"plus {name} year")
    life.at("2026-06-01T10:00", "; ".join(f"cancel {name}" for name in names[1:]))
    assert life.at("2026-09-01T10:00", "cancel c0") == "back 1479: card 1479"


def test_what_was_refunded_whole_is_forgotten() -> None:
    life = Life()
    life.at("2026-04-10T10:00", "plus a month; giveback 299")
    assert life.care.paid == ()
    assert life.at("2026-04-11T10:00", "cancel a") == ""


def test_a_refund_that_comes_back_is_the_owners_as_credit() -> None:
    life = Life()
    life.at("2026-04-10T10:00", "plus a month")
    life.bank = "silent"
    life.at("2026-04-11T10:00", "cancel a")
    key = life.care.refunds[0].key
    life.at("2026-04-11T10:01", "bank yes")
    life.at("2026-04-16T10:00", f"returned {key} 279")
    assert life.care.credit_cents == 279
    assert life.told().split()[-1] == "refund_failed"


def test_a_charge_names_the_card_that_it_was_asked_of() -> None:
    life = Life()
    life.at("2026-04-10T10:00", "bank silent; plus a month; card")
    assert life.care.card is not None
    assert (life.care.charges[0].card, life.care.card.token) == ("card1", "card2")


def test_a_closed_account_keeps_its_card_until_the_last_answer() -> None:
    life = Life()
    life.at("2026-04-10T10:00", "bank silent; plus a month; close")
    assert life.care.card is not None
    life.at("2026-04-10T10:01", "answer no")
    assert life.care.card is None
