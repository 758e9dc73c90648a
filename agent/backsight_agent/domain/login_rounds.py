"""Decides which logins a Kasa camera's control is offered, and when: cameras lock after about ten wrong ones.

One round tries each way to sign in once. After a round in which all were refused there is none for half an
hour, also over a restart of the hub; unless the owner has given another login in the meantime.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

PAUSE_MS = 30 * 60_000  # as long as a camera that counts wrong logins remembers them (facts, section 5)


@dataclass(frozen=True, slots=True)
class Tried:
    """What is remembered of one camera's logins."""

    winner: str = ""  # the way that worked last
    refused_ms: int | None = None  # wall clock: when all ways were refused
    mark: str = ""  # of the login with which that was


def in_order(ways: Sequence[str], tried: Tried) -> tuple[str, ...]:
    """The ways as they are to be tried: the last winner first."""
    if tried.winner not in ways:
        return tuple(ways)
    return (tried.winner, *(way for way in ways if way != tried.winner))


def may_try(tried: Tried, mark: str, now_ms: int, rested_ms: int) -> bool:
    """Whether another round may begin. `rested_ms`: for how long this process has surely made none.

    A wall clock that stands before the refusal has been set since: then only the resting counts.
    """
    if tried.refused_ms is None or tried.mark != mark or rested_ms >= PAUSE_MS:
        return True
    return now_ms - tried.refused_ms >= PAUSE_MS


def accepted(tried: Tried, way: str) -> Tried:
    """This way worked."""
    return replace(tried, winner=way, refused_ms=None, mark="")


def refused(tried: Tried, mark: str, now_ms: int) -> Tried:
    """No way did."""
    return replace(tried, refused_ms=now_ms, mark=mark)
