"""How a browser gives a card to the sandbox: begun, given, approved, and then on file."""

import hmac

from backsight_cloud.adapters.payments_sandbox_book import Page, Setup
from backsight_cloud.adapters.payments_sandbox_cards import TEST_CARDS, is_over, reason_of
from backsight_cloud.payment_ports import (
    CARD_EXPIRED,
    CARD_MISSING,
    NEEDS_AUTHENTICATION,
    Card,
    CardNeedsAuthentication,
    CardNotGiven,
    CardRefused,
    PaymentsRefuseUs,
)


def begin(page: Page, customer: str, secret: str) -> str:
    if not page.has_customer(customer):
        raise PaymentsRefuseUs(f"the sandbox has no customer {customer}")
    return page.add_setup(customer, secret)


def finished(page: Page, customer: str, setup: str) -> Card:
    begun = page.setup(setup)
    if begun is None or begun.customer != customer:
        raise CardNotGiven("this card was not begun here: begin again", "not_given")
    raise_unless_done((begun.state, begun.code))
    kept = page.card(begun.card or 0)
    if kept is None or kept.forgotten:
        raise CardNotGiven(reason_of(CARD_MISSING), CARD_MISSING)
    return kept.card


def given(
    page: Page, setup: str, client_secret: str, number: str, expiry: tuple[int, int], now_ms: int
) -> tuple[str, str]:
    """State and code of the set-up now. A set-up that was refused can be given another card."""
    begun = _open_setup(page, setup, client_secret)
    if begun.state == "done":
        return "done", ""
    digits = "".join(letter for letter in number if letter not in " -")
    behaviour = TEST_CARDS.get(digits)
    code = behaviour.at_setup if behaviour else "not_a_test_card"
    if not code and is_over(*expiry, now_ms):
        code = CARD_EXPIRED
    if code or behaviour is None:
        page.set_setup(begun.number, "refused", code=code)
        return "refused", code
    card = page.add_card(begun.customer, behaviour, digits[-4:], *expiry)
    state = "authenticate" if behaviour.authenticate else "done"
    page.set_setup(begun.number, state, card)
    return state, ""


def authenticated(page: Page, setup: str, client_secret: str, approve: bool) -> tuple[str, str]:
    begun = _open_setup(page, setup, client_secret)
    if begun.state != "authenticate":
        return begun.state, begun.code
    code = "" if approve else "authentication_failed"
    page.set_setup(begun.number, "refused" if code else "done", None if code else begun.card, code)
    return ("refused" if code else "done"), code


def _open_setup(page: Page, setup: str, client_secret: str) -> Setup:
    begun = page.setup(setup)
    if begun is None or not hmac.compare_digest(begun.client_secret.encode(), client_secret.encode()):
        raise CardNotGiven("this card was not begun here: begin again", "not_given")
    return begun


def raise_unless_done(outcome: tuple[str, str]) -> None:
    state, code = outcome
    if state == "empty":
        raise CardNotGiven("no card was given yet", "not_given")
    if state == "authenticate":
        raise CardNeedsAuthentication("your bank wants you to approve this card", NEEDS_AUTHENTICATION)
    if code == "not_a_test_card":
        raise CardRefused("the sandbox takes test cards only, 4242 4242 4242 4242 for one", code)
    if code == "authentication_failed":
        raise CardRefused("your bank did not get your approval", code)
    if state == "refused":
        raise CardRefused(reason_of(code), code)
