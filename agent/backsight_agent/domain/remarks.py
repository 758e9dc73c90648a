"""What an owner should know of a camera besides its state: sentences, none while all is as it should be."""

from backsight_agent.domain.profiles import Part, Profile
from backsight_agent.domain.states import CameraFacts

UNKNOWN = "This model is not known yet: it is recorded as others of its family, with the longest free window"


def remarks(facts: CameraFacts, profile: Profile) -> tuple[str, ...]:
    """Why its control does not answer, what its firmware does not let through, that its model is unknown."""
    found = [facts.control] if facts.control else []
    if facts.model and not profile.known:
        found.append(UNKNOWN)
    # What closes the control is told by the control itself, when it is closed.
    found += [limit.why for limit in profile.limits_of(facts.firmware) if limit.what is not Part.CONTROL]
    return tuple(found)
