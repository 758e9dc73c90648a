"""Which plan covers a camera, now and as far ahead as that is decided."""

from collections.abc import Sequence

from backsight_cloud.domain.billing.care import FREE, PLUS, PREMIUM, Care, Subscription

PlanSteps = tuple[tuple[int, str], ...]  # (from, plan), ascending


def plan_steps(care: Care, at_ms: int) -> dict[str, PlanSteps]:
    """For each camera its plan from `at_ms` on, and every change of it that is decided already.

    What may come is not in it: a renewal that may fail, a plan that waits for its first charge.
    """
    ends = sorted(
        {one.ends_ms for one in care.subscriptions if one.ends_ms is not None and one.ends_ms > at_ms}
    )
    moments = [at_ms, *ends]
    found = {}
    for camera in (one.camera for one in care.cameras):
        steps: list[tuple[int, str]] = []
        for moment in moments:
            plan = _plan_at(care, camera, moment)
            if not steps or steps[-1][1] != plan:
                steps.append((moment, plan))
        found[camera] = tuple(steps)
    return found


def _plan_at(care: Care, camera: str, moment_ms: int) -> str:
    """The best that covers it: Premium's window is the longest, then that of Plus."""
    plans = {_given_by(one, care.slots, camera, moment_ms) for one in care.subscriptions}
    plans |= {one.plan for one in care.granted if one.camera == camera}
    return PREMIUM if PREMIUM in plans else PLUS if PLUS in plans else FREE


def _given_by(one: Subscription, slots: Sequence[str], camera: str, moment_ms: int) -> str:
    if not one.serves:
        return FREE
    over = one.ends_ms is not None and one.ends_ms <= moment_ms
    if over:
        return PLUS if camera in one.then_plus else FREE
    if one.plan == PREMIUM:
        return PREMIUM if camera in slots else FREE
    return PLUS if one.camera == camera else FREE
