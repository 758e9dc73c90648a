"""What people are told by mail: each kind with the facts that it needs, its subject, and if it is required.

A kind is one entry here and one template of the same name. A notice whose facts do not fit does not exist.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backsight_cloud.domain.notice_facts import complete, shape_of

LONGEST_KEY = 300  # characters


class BadNotice(ValueError):
    """No kind of mail, or facts that do not fit it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of mail. Its subject is a template; of its facts, those with a `?` may be missing or null.

    What is about money, security, or what leaves a history is required: nobody can refuse to be told.
    """

    subject: str
    facts: str = ""
    required: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(word.rstrip("?") for word in self.facts.split())

    @property
    def needed(self) -> frozenset[str]:
        return frozenset(word for word in self.facts.split() if not word.endswith("?"))

    def complete(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Every fact by its name, also in rows; what is missing is None."""
        return {name: complete(name, facts.get(name)) for name in self.names}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that an account is told, once: of two with the same key, the second is not sent.

    It goes to the address that the account has when it is added, unless `to` is another one.
    Moments among the facts are UTC milliseconds, money is cents, a `camera` is an identity or a name.
    """

    account: str
    kind: str
    key: str
    at_ms: int
    facts: Mapping[str, Any]
    to: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.key) <= LONGEST_KEY:
            raise BadNotice(f"the key of a {self.kind!r} must have 1 to {LONGEST_KEY} characters")
        fault = _fault(self.kind, self.facts)
        if fault:
            raise BadNotice(f"a mail of kind {self.kind!r} {fault}")

    @property
    def id(self) -> str:
        """Short, and always the same for the same key."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:20]

    @property
    def cameras(self) -> frozenset[str]:
        """The identities of cameras among the facts: their names are kept with the notice."""
        return frozenset(_cameras(self.facts))


def has_secret(kind: str) -> bool:
    """Whether a mail of this kind has a link that lets its reader in, for a time: it is not sent again."""
    return kind in KINDS and {"link", "until_ms"} <= KINDS[kind].needed


def without_secrets(kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept once the mail was sent."""
    return {name: value for name, value in facts.items() if name != "link" or not has_secret(kind)}


KINDS: Mapping[str, Kind] = {
    # signing in, and who can
    "confirm_address": Kind("Welcome to Backsight: please confirm your address", "link until_ms"),
    "account_exists": Kind("You have a Backsight account already", "link at_ms?"),
    "reset_password": Kind("Choose a new password", "link until_ms"),
    "address_changes": Kind("Please confirm your new address", "link until_ms new?"),
    "address_changed": Kind("Your e-mail address was changed", "new"),
    "new_sign_in": Kind("New sign-in to your account", "at_ms address? browser?"),
    "password_changed": Kind("Your password was changed", "at_ms"),
    "second_factor_on": Kind("One-time codes are on", "at_ms?"),
    "second_factor_off": Kind("One-time codes are off", "at_ms?"),
    "recovery_code_used": Kind("A recovery code was used", "left at_ms?"),
    "account_closed": Kind(
        "Your account is closed", "refunded_cents? leaves? at_ms? cameras? count? size_bytes? money?"
    ),
    "share_invited": Kind("{{ by|address }} shares a camera with you", "link camera by"),
    "share_ended": Kind("A shared camera is no longer shared", "camera", required=False),
    # the trial
    "trial_started": Kind(
        "Your free trial of {{ plan|plan }} has begun", "plan camera? ends_ms cycle price_cents"
    ),
    "trial_ends_soon": Kind(
        "Your free trial ends on {{ ends_ms|day }}", "plan camera? ends_ms cycle price_cents"
    ),
    "trial_ended": Kind("Your free trial has ended", "plan camera? leaves?"),
    # money
    "receipt": Kind(
        "Receipt {{ number|plain }}: {{ total_cents|amount }}",
        "number lines total_cents credit_cents charged_cents carried_cents? brand? last4? next_bill_ms?",
    ),
    "credit_note": Kind(
        "Credit note {{ number|plain }}: {{ (refunded_cents + credited_cents)|amount }}",
        "number lines refunded_cents credited_cents brand? last4?",
    ),
    "refund_failed": Kind("Your refund of {{ cents|amount }} did not arrive", "cents"),
    "renewal_ahead": Kind(
        "{{ plan|plan }} renews on {{ bill_ms|day }}", "plan camera? days bill_ms price_cents"
    ),
    "card_expires": Kind(
        "Your card ending in {{ last4|plain }} expires this month", "brand? last4 month year"
    ),
    "card_saved": Kind("Your card ending in {{ last4|plain }} is saved", "brand? last4"),
    "charge_failed": Kind(
        "Your payment of {{ cents|amount }} did not go through",
        "plan camera? cents attempt next_try_ms? stops_ms? reason?",
    ),
    "charge_recovered": Kind("Your payment went through", "plan camera?"),
    # plans
    "plan_pending": Kind(
        "{{ plan|plan }} starts on {{ starts_ms|day }}", "plan camera? starts_ms price_cents"
    ),
    "plan_started": Kind("{{ plan|plan }} is on", "plan camera? cycle next_bill_ms?"),
    "plan_changed": Kind("Your plan is {{ to_plan|plan }} now", "from_plan to_plan cameras? at_ms leaves?"),
    "cancelled": Kind("{{ plan|plan }} will not renew", "plan camera? ends_ms? leaves?"),
    "resumed": Kind("{{ plan|plan }} goes on", "plan camera? bill_ms?"),
    "plan_ended": Kind("{{ plan|plan }} has ended", "plan camera? reason leaves? owed_cents?"),
    "cycle_changed": Kind("You are billed by the {{ cycle }} now", "cycle next_bill_ms?"),
    "price_changes": Kind(
        "The price of {{ plan|plan }} changes on {{ from_ms|day }}", "plan cycle old_cents new_cents from_ms"
    ),
    # cameras
    "camera_added": Kind("A camera was added: {{ name|plain }}", "camera name", required=False),
    "camera_removed": Kind("A camera was removed: {{ name|plain }}", "camera name leaves?"),
    "plan_moved": Kind("{{ plan|plan }} moved to another camera", "plan from_camera? to_camera?"),
}

OPTIONAL = frozenset(name for name, kind in KINDS.items() if not kind.required)


def _fault(kind: str, facts: Mapping[str, Any]) -> str:
    known = KINDS.get(kind)
    if known is None:
        return "is not known"
    for name in (name for name in facts if name not in known.names):
        return f"has no fact {name!r}"
    for name in known.names:
        value = facts.get(name)
        if value is None and name in known.needed:
            return f"needs the fact {name!r}"
        if value is not None and not shape_of(name)(value):
            return f"has a fact {name!r} that is not {shape_of(name).__name__.strip('_').replace('_', ' ')}"
    return ""


def _cameras(facts: Mapping[str, Any]) -> Sequence[str]:
    named = [facts.get(name) for name in ("camera", "from_camera", "to_camera")]
    rows = [*(facts.get("lines") or ()), *(facts.get("leaves") or ())]
    every = [*named, *(facts.get("cameras") or ()), *(row.get("camera") for row in rows)]
    return [one for one in every if isinstance(one, str)]
