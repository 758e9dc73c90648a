"""A notice has a kind that there is and the facts that this kind needs, or it does not exist."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.domain.notices import KINDS, OPTIONAL, BadNotice, Notice, has_secret, without_secrets
from cloud.mail.examples import EXAMPLES
from fakes.clock import NOON_MS
from fakes.household import ANNA, DOOR, YARD


def a_notice(kind: str = "resumed", key: str = "key", **facts: object) -> Notice:
    return Notice(ANNA, kind, key, NOON_MS, facts)


def test_it_needs_a_kind_that_there_is() -> None:
    with pytest.raises(BadNotice, match="'surprise' is not known"):
        a_notice("surprise")


def test_it_needs_every_fact_of_its_kind() -> None:
    with pytest.raises(BadNotice, match="needs the fact 'plan'"):
        a_notice(camera=DOOR)


def test_a_fact_that_is_needed_is_not_null() -> None:
    with pytest.raises(BadNotice, match="needs the fact 'plan'"):
        a_notice(plan=None)


def test_a_fact_that_does_not_apply_may_be_null_or_missing() -> None:
    assert a_notice(plan="plus", camera=None).facts["camera"] is None


def test_it_has_no_fact_that_its_kind_does_not_know() -> None:
    with pytest.raises(BadNotice, match="has no fact 'colour'"):
        a_notice(plan="plus", colour="red")


@pytest.mark.parametrize(
    ("kind", "facts", "what"),
    [
        ("resumed", {"plan": "gold"}, "a plan"),
        ("resumed", {"plan": "plus", "bill_ms": "tomorrow"}, "a moment"),
        ("resumed", {"plan": "plus", "bill_ms": True}, "a moment"),
        ("resumed", {"plan": "plus", "bill_ms": 10**18}, "a moment"),
        ("refund_failed", {"cents": 14.79}, "cents"),
        ("cycle_changed", {"cycle": "week"}, "a cycle"),
        ("reset_password", {"link": "javascript:alert(1)", "until_ms": 1}, "an address"),
        ("reset_password", {"link": 'https://x.example/"><b>', "until_ms": 1}, "an address"),
        ("plan_ended", {"plan": "plus", "reason": "unpaid", "leaves": [{"camera": DOOR}]}, "what leaves"),
        ("plan_ended", {"plan": "plus", "reason": "unpaid", "leaves": "all"}, "what leaves"),
        ("card_saved", {"last4": 4242}, "text"),
    ],
)
def test_a_fact_has_the_form_that_its_name_says(kind: str, facts: dict[str, Any], what: str) -> None:
    with pytest.raises(BadNotice, match=f"is not {what}"):
        a_notice(kind, **facts)


def test_it_needs_a_key_that_is_not_too_long() -> None:
    for key in ("", "x" * 301):
        with pytest.raises(BadNotice, match="key"):
            a_notice(key=key, plan="plus")


@given(st.text(min_size=1, max_size=100), st.text(min_size=1, max_size=100))
def test_its_identity_is_that_of_its_key(one: str, other: str) -> None:
    ids = [a_notice(key=key, plan="plus").id for key in (one, one, other)]
    assert ids[0] == ids[1]
    assert (ids[0] == ids[2]) == (one == other)


def test_every_camera_that_it_speaks_of_is_known() -> None:
    receipt = a_notice("receipt", **EXAMPLES["receipt"].facts)
    moved = a_notice("plan_moved", plan="plus", from_camera=DOOR, to_camera=YARD)
    changed = a_notice("plan_changed", **EXAMPLES["plan_changed"].facts)
    assert [one.cameras for one in (receipt, moved, changed)] == [{DOOR}, {DOOR, YARD}, {DOOR, YARD}]


def test_only_a_link_that_ends_is_a_secret() -> None:
    secret = {kind for kind in KINDS if has_secret(kind)}
    assert secret == {"confirm_address", "reset_password", "address_changes"}


def test_a_secret_is_not_kept_and_the_rest_is() -> None:
    facts = EXAMPLES["reset_password"].facts
    assert set(without_secrets("reset_password", facts)) == {"until_ms"}
    assert (
        without_secrets("share_invited", EXAMPLES["share_invited"].facts) == EXAMPLES["share_invited"].facts
    )


def test_only_what_is_neither_money_nor_security_nor_history_is_optional() -> None:
    assert sorted(OPTIONAL) == ["camera_added", "share_ended"]
