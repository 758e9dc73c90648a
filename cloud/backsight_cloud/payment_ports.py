"""What billing needs of whoever moves the money: cards, charges, refunds, and what is told later.

    begin_card -> the browser gives the card to the provider -> finish_card -> Card -> charge -> refund

The rule that everything else stands on: **an order's key is answered once and for ever**. Asked again with a
key that was answered, `charge` and `refund` give that same answer (a decline too: another try of a bill is
another order with another key), and the money moves once. `PaymentsUnavailable` is no answer: nobody knows
whether the money moved, so the caller asks again with the same key until there is one. The same key with
another sum is a mistake of ours: KeyUsedOtherwise.

`Charged.charge` is the provider's name for the charge; refunds, movements and hook events use that name.
A card's number never comes here: a `Card` is the provider's token, brand, last four and expiry.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from backsight_shared.errors import NeedsAttention, TryLater

NEEDS_AUTHENTICATION = "authentication_required"  # a decline's code: the owner must be there to approve it
CARD_EXPIRED = "expired_card"
CARD_MISSING = "card_missing"  # the provider does not have this card any more
UNKNOWN_CHARGE = "unknown_charge"  # a refused refund's code: there is no such charge
MORE_THAN_LEFT = "more_than_left"  # a refused refund's code: so much of the charge is not left

HOOK_TOLERANCE_MS = 300_000  # how old a signature may be


class PaymentsUnavailable(TryLater):
    """The provider did not answer. Nobody knows whether it happened: ask again with the same key."""


class PaymentsRefuseUs(NeedsAttention):
    """The provider does not accept our key, or what we ask makes no sense to it; an operator must look."""


class KeyUsedOtherwise(NeedsAttention):
    """An order's key was used before, for another sum or another charge."""


class CardRefused(NeedsAttention):
    """The provider, or the bank, does not take this card; the text says why, for its owner."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class CardNeedsAuthentication(CardRefused):
    """The owner has still to approve it with their bank, in the browser."""


class CardNotGiven(CardRefused):
    """The browser has not given a card to the provider yet, or the set-up is not one of this customer."""


class BadHook(NeedsAttention):
    """A webhook that the provider did not sign, or too long ago, or that cannot be read."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card on file with the provider, to be charged while its owner is away."""

    token: str = field(repr=False)
    brand: str  # "visa", "mastercard", "amex", ...
    last4: str
    exp_month: int
    exp_year: int  # four digits


@dataclass(frozen=True, slots=True)
class CardSetup:
    """What a browser needs to give a card to the provider."""

    id: str
    client_secret: str = field(repr=False)  # for the browser of this owner only
    publishable_key: str = ""  # Stripe: for Stripe.js, with the secret
    url: str = ""  # sandbox: where the form posts to


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """Money that is to come from a card. `key` is ours, unique for ever.

    Without a card (an empty token) only what was made with this key before is found, else it is declined with
    CARD_MISSING: so an order whose answer was lost is asked for again also when its card is gone meanwhile.
    """

    key: str
    customer: str
    card_token: str = field(repr=False)
    cents: int
    currency: str  # "usd"
    description: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money that is to go back to the card that a charge came from."""

    key: str
    charge: str  # the provider's name for it
    cents: int


@dataclass(frozen=True, slots=True)
class Charged:
    """The money came."""

    charge: str


@dataclass(frozen=True, slots=True)
class Declined:
    """No money came, and none will for this key."""

    code: str  # the bank's: "insufficient_funds", NEEDS_AUTHENTICATION, ...
    reason: str  # a sentence for the owner
    is_final: bool = False  # the bank says that this card will never do


@dataclass(frozen=True, slots=True)
class Refunded:
    """The money is on its way back; a hook event tells if it fails to arrive."""

    refund: str


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """No money goes back, and none will for this key."""

    code: str
    reason: str


class Moved(StrEnum):
    """Which way money went."""

    CHARGE = "charge"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved, as the provider has it written down."""

    kind: Moved
    id: str  # the charge, or the refund
    key: str  # ours; empty: we did not ask for it (somebody did it in the provider's own pages)
    charge: str  # the charge; a refund's: which one
    cents: int
    currency: str
    at_ms: int


class Payments(Protocol):
    """The provider. Every call may raise PaymentsUnavailable or PaymentsRefuseUs."""

    async def customer(self, account: str, email: str) -> str:
        """The provider's name for the account: made once, the same ever after; the address is renewed."""
        ...

    async def begin_card(self, customer: str) -> CardSetup: ...

    async def finish_card(self, customer: str, setup: str) -> Card:
        """The card that the browser gave. May be asked again; it changes nothing.

        Raises CardRefused, CardNeedsAuthentication or CardNotGiven.
        """
        ...

    async def forget_card(self, customer: str, token: str) -> None:
        """Charge it no more; idempotent. What it was charged can still be refunded."""
        ...

    async def charge(self, order: ChargeOrder) -> Charged | Declined:
        """Idempotent by key, for ever. Raises KeyUsedOtherwise."""
        ...

    async def refund(self, order: RefundOrder) -> Refunded | RefundRefused:
        """Idempotent by key, for ever; one that failed meanwhile is refused. Raises KeyUsedOtherwise."""
        ...

    def movements(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[Movement]]:
        """All money that moved in [from, to), in pages, in no order; refunds that failed are not among it."""
        ...

    async def forget_customer(self, customer: str) -> None:
        """With all cards; idempotent. What was charged can still be refunded."""
        ...


# ---------------------------------------------------------------- what is told later


@dataclass(frozen=True, slots=True)
class ChargeSettled:
    """A charge was made; normally we know."""

    event: str  # the provider's name for the event: what is told twice has the same
    key: str  # ours, or empty
    charge: str


@dataclass(frozen=True, slots=True)
class ChargeFailedLater:
    """A charge was declined, or the money did not come after all."""

    event: str
    key: str
    charge: str
    code: str


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """A refund arrived."""

    event: str
    key: str
    refund: str


@dataclass(frozen=True, slots=True)
class RefundFailedLater:
    """A refund did not arrive: the money is with us again."""

    event: str
    key: str
    refund: str
    code: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """The owner asked their bank for the money back."""

    event: str
    charge: str
    cents: int


@dataclass(frozen=True, slots=True)
class CardUpdated:
    """The bank renewed the card: same token, other last four or expiry."""

    event: str
    customer: str
    card: Card


HookEvent = ChargeSettled | ChargeFailedLater | RefundSettled | RefundFailedLater | Disputed | CardUpdated


class PaymentHook(Protocol):
    """Reads what the provider posts to us. It may come twice, late, and in any order."""

    def read(self, body: bytes, headers: Mapping[str, str]) -> Sequence[HookEvent]:
        """What it tells; nothing when that is not our concern. Raises BadHook."""
        ...


class TakesHooks(Protocol):
    """Who is told. The provider is answered only when `take` returned: the event is durable then."""

    async def take(self, event: HookEvent) -> None:
        """Idempotent by `event.event`."""
        ...


# ---------------------------------------------------------------- the sandbox's side of the browser


class CardForm(Protocol):
    """Where a browser gives a card to the sandbox, as it would to a real provider. Test cards only."""

    async def give_card(
        self, setup: str, client_secret: str, number: str, exp_month: int, exp_year: int
    ) -> None:
        """Raises CardRefused (the number is not repeated), CardNeedsAuthentication or CardNotGiven."""
        ...

    async def authenticate(self, setup: str, client_secret: str, *, approve: bool) -> None:
        """What the owner tells their bank. Raises CardRefused when they do not approve."""
        ...
