"""Looks at every event of the real billing service, in its transaction, and notes what must not be.

`Watched` is that service with a look after each event; `HeardTells` writes its mails to the real outbox and
remembers them. Nothing is raised: billing would take an error for trouble of its own, and go on.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backsight_cloud.account_ports import Tells
from backsight_cloud.domain.billing.care import Care
from backsight_cloud.domain.billing.due import due_ms
from backsight_cloud.domain.billing.events import (
    CameraRemoved,
    ChargeMade,
    Closed,
    Event,
    MoneyTakenBack,
    PlanGranted,
)
from backsight_cloud.domain.billing.sheet import Folded
from backsight_cloud.domain.records import Account
from backsight_cloud.domain.terms import Terms
from backsight_cloud.ports import Transaction
from backsight_cloud.services.billing import Applied, Billing
from backsight_cloud.services.simulation.paid_for import Cover, PaidFor, Told
from backsight_cloud.services.wakes import Wakes
from backsight_shared.window import in_force

SAME_MS = 20  # changes at one moment take effect a millisecond apart
LAST_EVENTS = 12  # are shown with what is wrong

_BEGUN = {"trial_started", "plan_started", "plan_pending", "plan_changed", "cycle_changed", "receipt"}
_ENDED = {"plan_ended", "trial_ended", "cancelled", "plan_changed", "cycle_changed", "charge_failed"}
_SAY_ENDS = {"charge_failed": "stops_ms", "trial_started": "ends_ms", "trial_ends_soon": "ends_ms"}
_BY_OTHERS = (PlanGranted, CameraRemoved, Closed)  # have announcements of their own, or are an operator's


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must always be true, and is not."""

    account: str
    at_ms: int
    text: str
    events: tuple[str, ...]  # the last ones, the newest at the end


@dataclass
class Followed:
    """What is remembered of one account."""

    account: str
    models: dict[str, str] = field(default_factory=dict)  # of its cameras
    care: Care | None = None
    paid_for: PaidFor = field(default_factory=PaidFor)
    windows: dict[str, int] = field(default_factory=dict)  # as they were
    announced: set[int] = field(default_factory=set)  # moments at which something is to end
    looked_ms: int = 0  # when
    ends: dict[Cover, int] = field(
        default_factory=dict
    )  # when a trial, or what is unpaid, ends: as it was said
    confirmed: bool = False  # the choice that is being made was
    charges: set[str] = field(default_factory=set)  # of choices that were confirmed
    mails: Counter[str] = field(default_factory=Counter)
    taken_back_cents: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_EVENTS))
    events: int = 0


@dataclass
class Watch:
    """Everything that was seen, of all accounts."""

    terms: Terms
    accounts: dict[str, Followed] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)

    def broken(self, account: str, at_ms: int, text: str) -> None:
        events = tuple(self.accounts[account].last) if account in self.accounts else ()
        self.violations.append(Violation(account, at_ms, text, events))

    def happened(
        self, one: Followed, event: Event, applied: Applied, told: Sequence[Told], at_ms: int
    ) -> None:
        """Before the windows are looked at."""
        before, one.care = one.care, applied.kept.care
        one.events += 1
        one.last.append(f"{at_ms} {event}")
        one.mails.update(kind for kind, _ in told)
        one.paid_for.note(event, told)
        for kind, facts in told:
            if kind in _SAY_ENDS and facts[_SAY_ENDS[kind]] is not None:
                one.ends[facts["plan"], facts["camera"]] = facts[_SAY_ENDS[kind]]
            moments = (facts.get(name) for name in ("ends_ms", "stops_ms", "next_try_ms"))
            one.announced.update(moment for moment in moments if isinstance(moment, int))
        if isinstance(event, MoneyTakenBack):
            one.taken_back_cents += event.cents
        self._check_told(one, before, applied.folded, told, at_ms)

    def check_windows(self, one: Followed, windows: Mapping[str, int], at_ms: int) -> None:
        """What is in force must be what was paid for; what is due right now comes first."""
        care = one.care
        due = due_ms(care, self.terms) if care else None
        if care is None or (due is not None and due <= at_ms):
            return
        asked = _asked(care)
        for camera, window_ms in windows.items():
            plan = one.paid_for.plan(camera, care.slots, at_ms, asked)
            wanted_ms = self.terms.catalogue.window_ms(plan, one.models[camera])
            if window_ms != wanted_ms:
                text = f"camera {camera} has a window of {window_ms} ms; paid for is {plan}, {wanted_ms} ms"
                self.broken(one.account, at_ms, text)

    def check_shrinking(
        self, one: Followed, event: Event, windows: Mapping[str, int], told: Sequence[Told], at_ms: int
    ) -> None:
        """No window becomes smaller without a confirmed preview or an end that was announced."""
        shrunk = [camera for camera, now in windows.items() if now < one.windows.get(camera, 0)]
        since_ms, one.looked_ms, one.windows = one.looked_ms, at_ms, dict(windows)
        if one.confirmed and one.care is not None:
            one.charges.update(charge.key for charge in one.care.charges)
        announced = any(since_ms <= moment <= at_ms for moment in one.announced)
        if not shrunk or announced or one.confirmed or isinstance(event, _BY_OTHERS):
            return
        if isinstance(event, ChargeMade) and event.key in one.charges:
            return
        ended = {"trial_ended": None, "plan_ended": "unpaid"}  # with which reason
        over = [facts for kind, facts in told if kind in ended and facts.get("reason") == ended[kind]]
        if any(one.ends.get((facts["plan"], facts["camera"]), 0) <= at_ms for facts in over):
            return  # later than was said: the service was down; or at once, where nothing is tried again
        if one.care is not None and one.care.closed_ms is not None:
            return
        self.broken(
            one.account, at_ms, f"cameras {shrunk} keep less now, and nobody confirmed or announced it"
        )

    def _check_told(
        self, one: Followed, before: Care | None, folded: Folded, told: Sequence[Told], at_ms: int
    ) -> None:
        if before is not None and before.closed_ms is not None:
            return  # the person is forgotten: there is nobody to tell
        kinds = {kind for kind, _ in told}
        was = {sub.id for sub in before.subscriptions} if before else set()
        now = {sub.id for sub in folded.care.subscriptions}
        if now - was and not kinds & _BEGUN:
            self.broken(one.account, at_ms, f"{now - was} began, and no mail says so: {kinds}")
        if was - now and not kinds & _ENDED:
            self.broken(one.account, at_ms, f"{was - now} ended, and no mail says so: {kinds}")
        wanted = sorted(one.kind for one in folded.mails)
        wanted += ["receipt" if one.kind == "invoice" else "credit_note" for one in folded.documents]
        if sorted(wanted) != sorted(kind for kind, _ in told):
            self.broken(one.account, at_ms, f"mails {wanted} were to be told, not {kinds}")


class HeardTells:
    """Implements the port `Tells`."""

    def __init__(self, tells: Tells) -> None:
        self._tells = tells
        self.heard: list[Told] = []

    async def tell(
        self,
        tx: Transaction,
        kind: str,
        account: Account,
        key: str,
        facts: Mapping[str, object],
        to: str = "",
    ) -> None:
        await self._tells.tell(tx, kind, account, key, facts, to)
        self.heard.append((kind, facts))


class Watched(Billing):
    """The real service, looked at."""

    def __init__(self, terms: Terms, tells: HeardTells, wakes: Wakes, watch: Watch) -> None:
        super().__init__(terms, tells, wakes)
        self._heard, self._watch = tells, watch

    async def apply(
        self, tx: Transaction, account: str, event: Event, at_ms: int, request: str = ""
    ) -> Applied:
        self._heard.heard.clear()
        applied = await super().apply(tx, account, event, at_ms, request)
        one = self._watch.accounts[account]
        if one.care is not None and applied.folded == Folded(one.care):
            return applied
        told = list(self._heard.heard)
        self._watch.happened(one, event, applied, told, at_ms)
        bound = {camera.camera for camera in applied.kept.care.cameras}
        windows = await windows_in_force(tx, [camera for camera in one.models if camera in bound], at_ms)
        self._watch.check_shrinking(one, event, windows, told, at_ms)
        self._watch.check_windows(one, windows, at_ms)
        return applied


async def windows_in_force(tx: Transaction, cameras: Sequence[str], at_ms: int) -> dict[str, int]:
    """What the entitlements would say at this moment."""
    found = await tx.cameras.steps_of(cameras)
    steps = {camera: in_force(found.get(camera, ()), at_ms + SAME_MS) for camera in cameras}
    return {camera: step.window_ms for camera, step in steps.items() if step is not None}


def _asked(care: Care) -> set[Cover]:
    """What a charge on its way is about."""
    about = {one.id for charge in care.charges for one in charge.after}
    about |= {one.subscription for charge in care.charges for one in charge.endings}
    return {(one.plan, one.camera) for one in care.subscriptions if one.id in about}
