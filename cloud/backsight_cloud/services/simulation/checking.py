"""What must be true after every step of an account's life. The first that is not raises Broken."""

from collections import Counter
from dataclasses import dataclass, field

from backsight_cloud.domain.billing.care import PLUS, Care
from backsight_cloud.domain.billing.due import due_ms
from backsight_cloud.domain.billing.events import (
    ChargeMade,
    MoneyTakenBack,
    RefundMade,
    RefundReturned,
    TimePassed,
)
from backsight_cloud.domain.billing.sheet import Book, Folded
from backsight_cloud.domain.billing.windows import plan_steps
from backsight_cloud.domain.terms import Terms
from backsight_cloud.services.simulation.lives import Step
from backsight_cloud.services.simulation.told_plans import ToldPlans

_LOOK_AHEAD_MS = tuple(days * 86_400_000 for days in (0, 1, 10, 40, 400))


class Broken(AssertionError):
    """Something that must always be true is not."""


@dataclass
class Checker:
    """Follows one account. What the provider did is counted here, from the answers alone."""

    terms: Terms
    books: Counter[Book] = field(default_factory=Counter)
    card_cents: int = 0
    refunded: Counter[str] = field(default_factory=Counter)
    charged: dict[str, int] = field(default_factory=dict)
    periods: set[tuple[str, int]] = field(default_factory=set)
    told: ToldPlans = field(default_factory=ToldPlans)
    mails: set[str] = field(default_factory=set)

    def check(self, step: Step) -> None:
        """Raises Broken."""
        if step.folded is None:
            return
        self._count_provider(step)
        self._check_books(step, step.folded)
        self._check_periods(step, step.folded.care)
        self._check_refunds(step)
        self._check_account(step, step.folded.care)
        self._check_mails(step, step.folded)
        self._check_time(step, step.folded.care)
        self._check_plans(step, step.folded)

    def _count_provider(self, step: Step) -> None:
        match step.event:
            case ChargeMade(key) if key not in self.charged:
                charge = step.before.charge(key)
                self.charged[key] = charge.card_cents if charge else 0
                self.card_cents += self.charged[key]
            case RefundMade(key):
                self.card_cents -= sum(one.cents for one in step.before.refunds if one.key == key)
            case RefundReturned(_, cents):
                self.card_cents += cents
            case MoneyTakenBack(_, cents):
                self.card_cents -= cents

    def _check_books(self, step: Step, folded: Folded) -> None:
        for entry in folded.entries:
            _true(sum(cents for _, cents in entry.postings) == 0, "an entry sums to zero", step)
            books = [book for book, _ in entry.postings]
            _true(len(books) == len(set(books)), "an entry has one posting to a book", step)
            for book, cents in entry.postings:
                self.books[book] += cents
        care = folded.care
        _true(self.books[Book.CARD] == self.card_cents, "the ledger agrees with the provider", step)
        _true(self.books[Book.CREDIT] == -care.credit_cents, "the credit is what the ledger says", step)
        _true(self.books[Book.OWED] == care.owed_cents, "what is owed is what the ledger says", step)
        on_the_way = sum(one.cents for one in care.refunds)
        _true(self.books[Book.REFUNDS] == -on_the_way, "refunds are those on their way", step)
        _true(0 <= care.gift_cents <= care.credit_cents, "gifts are part of the credit", step)
        _true(care.free_credit_cents >= 0 and care.free_owed_cents >= 0, "nothing is counted on twice", step)

    def _check_periods(self, step: Step, care: Care) -> None:
        asked = [
            (one.id, one.period.number)
            for charge in care.charges
            for one in charge.after
            if one.period and one.period.order == charge.key
        ]
        _true(len(asked) == len(set(asked)), "a period is asked for once at a time", step)
        _true(not self.periods & set(asked), "a period that was paid is not asked for again", step)
        for one in _paid_by(step):
            _true(one not in self.periods, "a period is charged once", step)
            self.periods.add(one)

    def _check_refunds(self, step: Step) -> None:
        if not isinstance(step.event, RefundMade):
            return
        for refund in (one for one in step.before.refunds if one.key == step.event.key):
            self.refunded[refund.charge] += refund.cents
            enough = self.refunded[refund.charge] <= self.charged.get(refund.charge, 0)
            _true(enough, "no more is refunded than was charged", step)

    def _check_account(self, step: Step, care: Care) -> None:
        _true(len({one.cycle for one in care.subscriptions}) <= 1, "an account has one cycle", step)
        _true(len(care.slots) <= self.terms.slots, "Premium covers so many cameras", step)
        cameras = [one.camera for one in care.subscriptions if one.plan == PLUS and one.camera]
        _true(len(cameras) == len(set(cameras)), "a camera has one Plus", step)
        if care.premium and care.premium.is_paid and not care.charges:
            twice = [one for one in cameras if one in care.slots]
            _true(not twice, "nobody pays twice for a camera", step)
        if not care.charges:
            bound = {one.camera for one in care.cameras}
            _true(set(cameras) <= bound and not care.left, "nobody pays for a camera that left", step)
            done = care.closed_ms is None or not care.subscriptions
            _true(done, "a closed account has no plan", step)

    def _check_mails(self, step: Step, folded: Folded) -> None:
        for mail in folded.mails:
            is_new = mail.key not in self.mails or mail.kind == "card_expires"
            _true(is_new, f"the mail {mail.key} is told once", step)
            self.mails.add(mail.key)

    def _check_time(self, step: Step, care: Care) -> None:
        if isinstance(step.event, TimePassed):
            due = due_ms(care, self.terms)
            _true(due is None or due > step.at_ms, "time that has passed brings nothing more", step)

    def _check_plans(self, step: Step, folded: Folded) -> None:
        self.told.hear(step.event, folded, step.at_ms)
        found = plan_steps(folded.care, step.at_ms)
        _true(set(found) == {one.camera for one in folded.care.cameras}, "each camera has a plan", step)
        for camera, steps in found.items():
            for moment in (step.at_ms + ahead for ahead in _LOOK_AHEAD_MS):
                plan = [plan for from_ms, plan in steps if from_ms <= moment][-1]
                told = self.told.plan(camera, folded.care.slots, moment)
                _true(plan == told, f"{camera} has the plan {told} that its owner was told, not {plan}", step)


def _paid_by(step: Step) -> list[tuple[str, int]]:
    """The periods that this step made paid, also those that were given back at once: by what was asked."""
    if not isinstance(step.event, ChargeMade):
        return []
    charge = step.before.charge(step.event.key)
    return [(one.id, one.period.number) for one in charge.after if one.period] if charge else []


def _true(fact: bool, text: str, step: Step) -> None:
    if not fact:
        raise Broken(
            f"{text}: after {step.event} at {step.at_ms}\nbefore: {step.before}\nafter: {step.folded}"
        )
