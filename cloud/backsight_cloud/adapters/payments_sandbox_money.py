"""What the sandbox answers to a charge or a refund, written down for ever, and what it will tell of it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from backsight_cloud.adapters.payments_sandbox_book import Answer, KeptCard, KeptCharge, Page
from backsight_cloud.adapters.payments_sandbox_cards import Trouble, is_over
from backsight_cloud.payment_ports import (
    CARD_EXPIRED,
    CARD_MISSING,
    MORE_THAN_LEFT,
    UNKNOWN_CHARGE,
    ChargeOrder,
    KeyUsedOtherwise,
    RefundOrder,
)

LATER_MS = 60_000  # when a refund that fails fails, and a dispute is opened
REFUND_FAILED = "lost_or_stolen_card"  # why a refund came back
RENEWED_YEARS = 4  # how much longer a card holds that its bank renewed


@dataclass(frozen=True, slots=True)
class Till:
    """One order at one moment, inside a transaction."""

    page: Page
    now_ms: int
    tells: bool  # whether anything is kept for the hook

    def charged(self, order: ChargeOrder) -> tuple[Answer | None, bool]:
        """The answer, if there is one, and whether it is given now. Raises KeyUsedOtherwise."""
        known = self.page.answer(order.key)
        if known is not None:
            _refuse_other_use(order.key, known, (order.customer, order.cents, order.currency))
            return known, True
        kept = self.page.card(self.page.number("pm", order.card_token))
        if kept and kept.trouble == Trouble.UNAVAILABLE_BEFORE and self.page.leave_unanswered(order.key):
            return None, False
        code = self._declined(kept, order.customer)
        made = self._made(order, kept) if kept and not code else ""
        answer = Answer(order.customer, order.cents, order.currency, made, code)
        self.page.write_answer(order.key, answer)
        self._tell_charge(order, answer, kept)
        return answer, kept is None or kept.trouble != Trouble.TIMES_OUT_AFTER

    def refunded(self, order: RefundOrder) -> tuple[Answer, bool]:
        """The answer, and whether it is given now. Raises KeyUsedOtherwise."""
        known = self.page.answer(order.key)
        if known is not None:
            _refuse_other_use(order.key, known, (order.charge, order.cents, known.currency))
            return self._as_it_is_now(known), True
        charge = self.page.charge(order.charge, self.now_ms)
        card = self.page.card(charge.card) if charge else None
        code = _refused(charge, card, order.cents)
        made = self._sent_back(order, charge, card) if charge and card and not code else ""
        answer = Answer(order.charge, order.cents, charge.currency if charge else "", made, code)
        self.page.write_answer(order.key, answer)
        return answer, card is None or card.trouble != Trouble.REFUND_TIMES_OUT

    def _declined(self, kept: KeptCard | None, customer: str) -> str:
        """The code; empty: it can be charged."""
        if kept is None or kept.forgotten or kept.customer != customer:
            return CARD_MISSING
        if is_over(kept.card.exp_month, kept.card.exp_year, self.now_ms):
            if kept.trouble != Trouble.RENEWED:
                return CARD_EXPIRED
            self._renew(kept)
        if kept.trouble == Trouble.DECLINES_AFTER_FIRST and kept.charges:
            return "generic_decline"
        return kept.at_charge

    def _renew(self, kept: KeptCard) -> None:
        year = datetime.fromtimestamp(self.now_ms / 1000, UTC).year + RENEWED_YEARS
        self.page.renew_card(kept.number, year)
        card = kept.card
        self._tell(
            self.now_ms,
            type="card.updated",
            customer=kept.customer,
            token=card.token,
            brand=card.brand,
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=year,
        )

    def _made(self, order: ChargeOrder, kept: KeptCard) -> str:
        return self.page.add_charge(order.key, kept.number, order.cents, order.currency, self.now_ms)

    def _sent_back(self, order: RefundOrder, charge: KeptCharge, card: KeptCard) -> str:
        fails_ms = self.now_ms + LATER_MS if card.trouble == Trouble.REFUNDS_FAIL_LATER else None
        made = self.page.add_refund(order.key, charge, order.cents, self.now_ms, fails_ms)
        self._tell(self.now_ms, type="refund.settled", key=order.key, refund=made)
        if fails_ms is not None:
            self._tell(fails_ms, type="refund.failed", key=order.key, refund=made, code=REFUND_FAILED)
        return made

    def _as_it_is_now(self, known: Answer) -> Answer:
        if self.page.has_failed(known.id, self.now_ms):
            return Answer(known.target, known.cents, known.currency, "", REFUND_FAILED)
        return known

    def _tell_charge(self, order: ChargeOrder, answer: Answer, kept: KeptCard | None) -> None:
        if not answer.id:
            self._tell(self.now_ms, type="charge.failed", key=order.key, charge="", code=answer.code)
            return
        self._tell(self.now_ms, type="charge.settled", key=order.key, charge=answer.id)
        if kept and kept.trouble == Trouble.DISPUTED:
            self._tell(self.now_ms + LATER_MS, type="charge.disputed", charge=answer.id, cents=order.cents)

    def _tell(self, due_ms: int, **event: str | int) -> None:
        if self.tells:
            self.page.tell(json.dumps(event), due_ms)


def _refused(charge: KeptCharge | None, card: KeptCard | None, cents: int) -> str:
    """The code; empty: it can be refunded."""
    if charge is None or card is None:
        return UNKNOWN_CHARGE
    if card.trouble == Trouble.REFUNDS_REFUSED:
        return "refund_refused"
    return MORE_THAN_LEFT if cents > charge.left_cents else ""


def _refuse_other_use(key: str, known: Answer, asked: tuple[str, int, str]) -> None:
    if (known.target, known.cents, known.currency) != asked:
        raise KeyUsedOtherwise(f"the key {key} was used before, for another sum, customer or charge")
