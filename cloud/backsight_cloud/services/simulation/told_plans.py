"""Which plan each camera has, found another way: from invoices and mail alone, as its owner understands them.

It knows nothing of subscriptions. An invoice for a camera covers it until a mail says that this has ended.
"""

from collections.abc import Iterable

from backsight_cloud.domain.billing.care import FREE, PLUS, PREMIUM
from backsight_cloud.domain.billing.events import CameraRemoved, Closed, Downgraded, Event, PlanGranted
from backsight_cloud.domain.billing.sheet import Document, Folded, Mail

Cover = tuple[str, str | None]  # a plan, and the camera of a Plus

_ENDED = ("plan_ended", "trial_ended")


class ToldPlans:
    """What an owner believes to have."""

    def __init__(self) -> None:
        self._until: dict[Cover, int | None] = {}  # None: it goes on
        self._granted: dict[str, str] = {}
        self._later: tuple[str, ...] = ()  # what the owner wants Plus for when Premium ends

    def hear(self, event: Event, folded: Folded, at_ms: int) -> None:
        """Something happened, and this is what the owner was told of it."""
        if isinstance(event, PlanGranted):
            self._granted[event.camera] = event.plan
        if isinstance(event, CameraRemoved):
            self._granted.pop(event.camera, None)
            self._later = tuple(camera for camera in self._later if camera != event.camera)
        for document in folded.documents:
            self._read(document)
        for mail in folded.mails:
            self._open(mail, at_ms)
        if isinstance(event, Downgraded) and any(mail.kind == "cancelled" for mail in folded.mails):
            self._later = event.cameras
        if isinstance(event, Closed):
            self._until.clear()

    def plan(self, camera: str, slots: Iterable[str], at_ms: int) -> str:
        """The best of what covers it then, as far as was told."""
        plans = {self._granted.get(camera, FREE)}
        if self._covers((PLUS, camera), at_ms):
            plans.add(PLUS)
        if self._covers((PREMIUM, None), at_ms):
            plans.add(PREMIUM if camera in slots else FREE)
        elif (PREMIUM, None) in self._until and camera in self._later:
            plans.add(PLUS)
        return max(plans, key=(FREE, PLUS, PREMIUM).index)

    def _covers(self, cover: Cover, at_ms: int) -> bool:
        until_ms = self._until.get(cover, 0)
        return until_ms is None or at_ms < until_ms

    def _read(self, invoice: Document) -> None:
        for item in invoice.items if invoice.kind == "invoice" else ():
            if item.from_ms is not None:
                self._until.setdefault((item.plan, item.camera), None)

    def _open(self, mail: Mail, at_ms: int) -> None:
        facts = mail.facts
        cover: Cover = (facts.get("plan", ""), facts.get("camera"))
        if mail.kind == "trial_started":
            self._until[cover] = None
        elif mail.kind in _ENDED:
            self._until.pop(cover, None)
        elif mail.kind in ("cancelled", "resumed") and cover in self._until:
            self._until[cover] = facts.get("ends_ms")
            self._later = () if cover == (PREMIUM, None) else self._later
        elif mail.kind == "plan_moved" and (PLUS, facts["from_camera"]) in self._until:
            self._until[PLUS, facts["to_camera"]] = self._until.pop((PLUS, facts["from_camera"]))
        elif mail.kind == "plan_changed":
            self._change(facts["from_plan"], facts["cameras"])

    def _change(self, from_plan: str, cameras: Iterable[str]) -> None:
        if from_plan == PREMIUM:
            self._until.pop((PREMIUM, None), None)
            return
        for camera in cameras:
            self._until.pop((PLUS, camera), None)
