"""The six worked examples of the facts page, to the cent and the second."""

from fakes.account_life import Life


def test_1_a_plan_from_the_31st_is_billed_on_the_last_days_of_months() -> None:
    life = Life()
    assert life.at("2026-01-31T10:00", "plus a month") == "bill 299: card 299"
    for moment in ("2026-02-28T10:00", "2026-03-31T10:00", "2026-04-30T10:00"):
        assert life.at(moment) == "bill 299: card 299"
    assert life.at("2026-05-01T00:00") == ""


def test_2_the_unused_days_of_the_only_subscription_go_back_to_the_card() -> None:
    life = Life()
    life.at("2026-03-01T10:00", "plus a year")
    assert life.at("2026-09-01T10:00", "cancel a") == "back 1479: card 1479"
    assert life.plans() == "a:free"


def test_3_with_another_paid_subscription_they_are_credit_on_the_next_bill() -> None:
    life = Life(cameras="a b")
    life.at("2026-03-01T10:00", "plus a year")
    life.at("2026-03-01T11:00", "plus b year")
    assert life.at("2026-09-01T10:00", "cancel a") == "back 1479: credit 1479"
    assert life.at("2027-03-01T11:00") == "bill 2999: card 1520, credit 1479"


def test_4_from_the_year_to_the_month_the_unused_days_are_refunded() -> None:
    life = Life()
    life.at("2026-01-10T10:00", "premium year")
    assert life.at("2026-01-10T12:00", "cycle month") == "back 9972: card 9972; bill 999: card 999"


def test_5_plus_comes_off_the_first_charge_of_premium() -> None:
    life = Life()
    life.at("2026-02-10T10:00", "plus a month")
    assert (
        life.at("2026-02-20T12:00", "premium month") == "back 182: credit 182; bill 999: card 817, credit 182"
    )


def test_6_what_is_chosen_on_the_day_of_the_set_up_begins_on_the_next() -> None:
    life = Life(cameras="")
    life.at("2026-05-04T21:30", "add a")
    assert life.at("2026-05-04T22:00", "plus a month") == ""
    assert life.plans() == "a:free"
    assert life.at("2026-05-05T00:00") == "bill 299: card 299"
    assert life.plans() == "a:plus"
    assert life.at("2026-06-05T00:00") == "bill 299: card 299"
