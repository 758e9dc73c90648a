"""Judges the history's index: is it there, is it whole, does it belong to what is beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

from backsight_agent.domain.findings import Finding, ok, problem, warning

SUBJECT = "index"


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """As it was found; `damage` is what the database says of itself, its first lines."""

    exists: bool
    error: str = ""  # why it cannot be read
    damage: str = ""
    checked_whole: bool = True  # False: the check was ended, for it took too long
    size_bytes: int = 0
    identity: str | None = None
    media_identity: str | None = None
    media_there: bool = True


def judge_index(index: IndexFacts) -> Iterator[Finding]:
    """Nothing at all is well, too: a hub that never ran has neither."""
    if not index.exists:
        yield _without(index)
        return
    if index.error:
        yield problem(SUBJECT, f"agent.db cannot be read ({index.error}): run this as the agent's user")
        return
    if index.damage:
        way_out = "restart the agent: it makes the index anew from the files"
        if_not = "should it not, stop it and move agent.db* elsewhere before you start it"
        yield problem(SUBJECT, f"agent.db is damaged ({index.damage}): {way_out}; {if_not}")
        return
    size = f"{index.size_bytes / 1e6:.1f} MB"
    if index.checked_whole:
        yield ok(SUBJECT, f"agent.db is whole ({size})")
    else:
        yield warning(
            SUBJECT, f"agent.db ({size}) is well as far as it was checked: all of it takes too long"
        )
    yield _belonging(index)


def _without(index: IndexFacts) -> Finding:
    if index.media_identity is not None:
        text = (
            "There are files of a history and no agent.db: when it starts, the agent makes it anew from them"
        )
        return warning(SUBJECT, text)
    return ok(SUBJECT, "There is no history yet")


def _belonging(index: IndexFacts) -> Finding:
    if index.identity is not None and index.identity == index.media_identity:
        return ok(SUBJECT, "The index and the files belong together")
    if not index.media_there:
        return problem(SUBJECT, "The files are not there: mount their disk. Until then nothing is deleted")
    return problem(
        SUBJECT,
        "The index and the files are of two histories, and the agent does not start: mount the right disk, "
        "or put back the agent.db that belongs to it",
    )
