"""Lives an account's billing in a compact notation, with a bank that says yes, no, or nothing.

    life = Life(cameras="a b")
    life.at("2026-01-31T10:00", "plus a month")   # -> "bill 299: card 299"
    life.at("2026-02-28T10:00", "")               # -> "bill 299: card 299": what time has brought
    life.plans()                                  # -> "a:plus b:free"

What happened since the call before, and not at the very moment of this one, is shown with its moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from backsight_cloud.config import Settings
from backsight_cloud.domain.billing.care import CardOnFile, Care
from backsight_cloud.domain.billing.due import due_ms
from backsight_cloud.domain.billing.events import (
    CameraAdded,
    CameraRemoved,
    Cancelled,
    CardSaved,
    ChargeDeclined,
    ChargeMade,
    Closed,
    CreditGiven,
    CycleChanged,
    Downgraded,
    Event,
    MoneyTakenBack,
    PlanGranted,
    PlusMoved,
    RefundGiven,
    RefundMade,
    RefundRefused,
    RefundReturned,
    Resumed,
    SlotsChosen,
    Subscribed,
    TimePassed,
    When,
    ZoneChanged,
)
from backsight_cloud.domain.billing.folding import after
from backsight_cloud.domain.billing.sheet import Book, Document, Entry, Folded, Mail, Refused
from backsight_cloud.domain.billing.windows import plan_steps
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.regimes import REGIMES
from backsight_cloud.domain.terms import Terms

NEW_YORK = "America/New_York"
DEFAULT_TERMS = Settings(state=Path("state")).terms
SET_UP = "2026-01-01T09:00"  # of the cameras that are there from the beginning


def terms_of(regime: str = "card", **numbers: Any) -> Terms:
    """The catalogue's own, but for these."""
    return replace(DEFAULT_TERMS, regime=REGIMES[regime], **numbers)


def a_card(number: int = 1) -> CardOnFile:
    return CardOnFile(f"card{number}", "visa", f"{number:04}", 12, 2059)


@dataclass
class Life:
    """One account."""

    cameras: str = "a"
    regime: str = "card"
    zone: str = NEW_YORK
    terms: Terms | None = None
    bank: str = "yes"
    card: str = "yes"
    away: str = ""  # from/to: nobody lets time pass
    care: Care = field(init=False)
    now_ms: int = 0
    said: list[tuple[int, str]] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    cards: int = 1

    def __post_init__(self) -> None:
        self.rules = self.terms or terms_of(self.regime)
        self.care = Care("anna", self.zone)
        self.now_ms = self.ms(SET_UP)
        for camera in self.cameras.split():
            self._happen(CameraAdded(camera))
        if self.card == "yes":
            self._happen(CardSaved(a_card()))
        self.mails.clear()

    def at(self, when: str, actions: str = "") -> str:
        """Let time pass, act, and say what came of both. A bank that is named first is so before."""
        self.said.clear()
        if actions.startswith("bank "):
            self.bank = actions.partition(";")[0].removeprefix("bank ")
        self.until(self.ms(when))
        for action in filter(None, (part.strip() for part in actions.split(";"))):
            self._act(action)
            self.until(self.now_ms)
        return "; ".join(
            text if moment == self.now_ms else f"{self.shown(moment)} {text}" for moment, text in self.said
        )

    def until(self, to_ms: int) -> None:
        while (due := due_ms(self.care, self.rules)) is not None and due <= to_ms:
            now_ms = max(due, self.now_ms, self._back_ms(max(due, self.now_ms)))
            if now_ms > to_ms:
                break
            self.now_ms = now_ms
            self._happen(TimePassed())
        self.now_ms = to_ms

    def plans(self) -> str:
        """Each camera's plan, and what is decided already: `a:plus>free@2026-03-01T10:00`."""
        steps = plan_steps(self.care, self.now_ms)
        return " ".join(f"{camera}:{self._steps(found)}" for camera, found in steps.items())

    def told(self) -> str:
        """The kinds of mail since it was asked before."""
        kinds = " ".join(mail.kind for mail in self.mails)
        self.mails.clear()
        return kinds

    def book(self, book: Book) -> int:
        return sum(cents for entry in self.entries for one, cents in entry.postings if one is book)

    def ms(self, local: str) -> int:
        return round(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(self.zone)).timestamp() * 1000)

    def shown(self, at_ms: int) -> str:
        moment = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(self.zone)).replace(tzinfo=None)
        return moment.isoformat(timespec="minutes" if at_ms % 60_000 == 0 else "milliseconds")

    def sub(self, name: str) -> str:
        """The identity of a camera's Plus, or of Premium."""
        found = self.care.premium if name == "premium" else self.care.plus_of(name)
        return found.id if found else f"no subscription of {name}"

    def _back_ms(self, at_ms: int) -> int:
        """When we are back, if we are away then."""
        start, _, end = self.away.partition("/")
        return self.ms(end) if self.away and self.ms(start) <= at_ms < self.ms(end) else 0

    def _steps(self, steps: tuple[tuple[int, str], ...]) -> str:
        later = "".join(f">{plan}@{self.shown(moment)}" for moment, plan in steps[1:])
        return f"{steps[0][1]}{later}"

    def _act(self, action: str) -> None:
        name, *words = action.split()
        try:
            _ACTIONS[name](self, words)
        except Refused:
            self.said.append((self.now_ms, "refused"))

    def _happen(self, event: Event) -> Folded:
        folded = after(self.care, event, self.now_ms, self.rules)
        self.care = folded.care
        self.entries += folded.entries
        self.documents += folded.documents
        self.mails += folded.mails
        self.said += [(self.now_ms, _document(one)) for one in folded.documents]
        self._answer()
        return folded

    def _answer(self) -> None:
        if self.bank == "silent":
            return
        for charge in self.care.charges[:1]:
            self.answer(charge.key, self.bank)
        for refund in self.care.refunds[:1]:
            self._happen(RefundRefused(refund.key) if self.bank == "no refunds" else RefundMade(refund.key))

    def answer(self, key: str, word: str) -> None:
        charge = self.care.charge(key)
        if word == "no" and charge:
            self.said.append((self.now_ms, f"declined {charge.card_cents}"))
            self._happen(ChargeDeclined(key, "declined"))
        else:
            self._happen(ChargeMade(key, f"ch-{key}"))

    def set_bank(self, word: str) -> None:
        self.bank = word
        self._answer()

    def speak(self, word: str) -> None:
        """The silent bank answers the oldest of what it was asked, and is silent again."""
        self.answer(self.care.charges[0].key, word)

    def give_back(self, cents: int) -> None:
        self._happen(RefundGiven(self.care.paid[-1].key, cents))

    def new_card(self) -> None:
        self.cards += 1
        self._happen(CardSaved(a_card(self.cards)))


def _document(one: Document) -> str:
    kinds = {"card": one.card_cents, "credit": one.credit_cents, "carried": one.carried_cents}
    parts = ", ".join(f"{name} {cents}" for name, cents in kinds.items() if cents)
    word = "bill" if one.kind == "invoice" else "back"
    return f"{word} {sum(item.cents for item in one.items)}: {parts}"


def _subscribed(words: list[str], *, trial: bool) -> Subscribed:
    plan, *camera, cycle = words
    return Subscribed(plan, Cycle(cycle), camera[0] if camera else None, trial)


def _event(make: Callable[[Life, list[str]], Event]) -> Callable[[Life, list[str]], object]:
    return lambda life, words: life._happen(make(life, words))


_ACTIONS: Mapping[str, Callable[[Life, list[str]], object]] = {
    "plus": _event(lambda life, words: _subscribed(["plus", *words], trial=False)),
    "premium": _event(lambda life, words: _subscribed(["premium", *words], trial=False)),
    "try": _event(lambda life, words: _subscribed(words, trial=True)),
    "cancel": _event(lambda life, words: Cancelled(life.sub(words[0]), When.NOW)),
    "stop": _event(lambda life, words: Cancelled(life.sub(words[0]), When.AT_END)),
    "resume": _event(lambda life, words: Resumed(life.sub(words[0]))),
    "downgrade": _event(lambda life, words: Downgraded(tuple(words))),
    "cycle": _event(lambda life, words: CycleChanged(Cycle(words[0]))),
    "move": _event(lambda life, words: PlusMoved(life.sub(words[0]), words[1])),
    "slots": _event(lambda life, words: SlotsChosen(tuple(words))),
    "zone": _event(lambda life, words: ZoneChanged(words[0])),
    "close": _event(lambda life, words: Closed()),
    "add": _event(lambda life, words: CameraAdded(words[0])),
    "remove": _event(lambda life, words: CameraRemoved(words[0])),
    "gift": _event(lambda life, words: CreditGiven(int(words[0]))),
    "grant": _event(lambda life, words: PlanGranted(words[0], words[1])),
    "dispute": _event(lambda life, words: MoneyTakenBack(life.care.paid[-1].charge, int(words[0]))),
    "returned": _event(lambda life, words: RefundReturned(words[0], int(words[1]))),
    "card": lambda life, words: life.new_card(),
    "giveback": lambda life, words: life.give_back(int(words[0])),
    "bank": lambda life, words: life.set_bank(" ".join(words)),
    "answer": lambda life, words: life.speak(words[0]),
}
