"""What each camera's window must be, from what was paid: a list of times, kept without knowing subscriptions.

A paid period, a trial and a bill that is tried again each cover a camera's plan (or Premium) up to a moment.
Nothing goes on beyond that by itself: a plan that runs on unpaid is found, and so is one that ends too early.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from backsight_cloud.domain.billing.care import FREE, PLUS, PREMIUM
from backsight_cloud.domain.billing.events import CameraRemoved, Closed, Downgraded, Event, PlanGranted

Cover = tuple[str, str | None]  # a plan, and the camera of a Plus
Told = tuple[str, Mapping[str, Any]]  # a mail's kind and facts

_WHOLE: Cover = (PREMIUM, None)
_OVER = ("plan_ended", "trial_ended")


class PaidFor:
    """Of one account. Cameras are called by their identities in its mails."""

    def __init__(self) -> None:
        self._until: dict[Cover, int] = {}
        self._granted: dict[str, str] = {}
        self._later: tuple[int, frozenset[str]] | None = None  # Plus for these when Premium is over

    def note(self, event: Event, told: Iterable[Told]) -> None:
        """What happened, and the receipts and other mails that it made."""
        mails = list(told)
        for kind, facts in mails:
            if kind == "receipt":
                self._paid(facts["lines"])
        for kind, facts in mails:
            self._told(kind, facts)
        self._done(event, mails)

    def plan(self, camera: str, slots: Collection[str], at_ms: int, asked: Collection[Cover]) -> str:
        """The best that was paid for. What is `asked` is on its way: it goes on until the answer."""
        found = {self._granted.get(camera, FREE)}
        if self._covers((PLUS, camera), at_ms, asked):
            found.add(PLUS)
        if self._covers(_WHOLE, at_ms, asked):
            found.add(self._by_premium(camera, slots, at_ms))
        return max(found, key=(FREE, PLUS, PREMIUM).index)

    def _by_premium(self, camera: str, slots: Collection[str], at_ms: int) -> str:
        if self._later is not None and at_ms >= self._later[0]:
            return PLUS if camera in self._later[1] else FREE
        return PREMIUM if camera in slots else FREE

    def _covers(self, cover: Cover, at_ms: int, asked: Collection[Cover]) -> bool:
        until_ms = self._until.get(cover)
        return until_ms is not None and (at_ms < until_ms or cover in asked)

    def _paid(self, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            if line.get("to_ms") is not None:
                self._until[line["plan"], line.get("camera")] = line["to_ms"]

    def _told(self, kind: str, facts: Mapping[str, Any]) -> None:
        cover: Cover = (facts.get("plan", ""), facts.get("camera"))
        if kind == "trial_started":
            self._until[cover] = facts["ends_ms"]
        elif kind == "charge_failed" and facts["next_try_ms"] is not None and cover in self._until:
            self._until[cover] = facts["next_try_ms"]  # full service until then
        elif kind in _OVER:
            self._until.pop(cover, None)
        elif kind == "plan_moved" and (PLUS, facts["from_camera"]) in self._until:
            self._until[PLUS, facts["to_camera"]] = self._until.pop((PLUS, facts["from_camera"]))
        elif kind == "plan_changed":
            gone = [(PLUS, camera) for camera in facts["cameras"]] if facts["from_plan"] == PLUS else [_WHOLE]
            for cover in gone:
                self._until.pop(cover, None)
            if _WHOLE in gone:
                self._later = None
        if kind in ("cancelled", "resumed", *_OVER) and (facts.get("plan"), facts.get("camera")) == _WHOLE:
            self._later = None

    def _done(self, event: Event, mails: Iterable[Told]) -> None:
        match event:
            case PlanGranted(camera, plan):
                self._granted[camera] = plan
            case CameraRemoved(camera):
                self._granted.pop(camera, None)
                if self._later is not None:
                    self._later = (self._later[0], self._later[1] - {camera})
            case Downgraded(cameras):
                for kind, facts in mails:
                    if kind == "cancelled":
                        self._later = (facts["ends_ms"], frozenset(cameras))
            case Closed():
                self._granted.clear()
