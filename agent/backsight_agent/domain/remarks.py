"""What an owner should know of a camera besides its state: sentences, none while all is as it should be."""

from backsight_agent.domain.noticing import CLOCK_OFF_S
from backsight_agent.domain.profiles import Part, Profile
from backsight_agent.domain.states import CameraFacts

UNKNOWN = "This model is not known yet: it is recorded as others of its family, with the longest free window"


def remarks(facts: CameraFacts, profile: Profile, *, clock_trusted: bool) -> tuple[str, ...]:
    """Why its control does not answer, what does not work, that its model is unknown or its clock wrong.

    Its clock can be called wrong only while ours is known to be right.
    """
    found = [facts.control] if facts.control else []
    if facts.model and not profile.known:
        found.append(UNKNOWN)
    # What closes the control is told by the control itself, when it is closed.
    found += [limit.why for limit in profile.limits_of(facts.firmware) if limit.what is not Part.CONTROL]
    if clock_trusted and facts.clock_off_s is not None and abs(facts.clock_off_s) >= CLOCK_OFF_S:
        found.append(_clock(facts.clock_off_s))
    return tuple(found)


def _clock(off_s: int) -> str:
    amount = f"{abs(off_s) // 60} minutes" if abs(off_s) < 7200 else f"{abs(off_s) // 3600} hours"
    return (
        f"Its own clock is {amount} {'ahead' if off_s > 0 else 'behind'}: recordings have the hub's time, "
        "but the time in its picture is wrong. Check its time zone and its way to the internet in its app"
    )
