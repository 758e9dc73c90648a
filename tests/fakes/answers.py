"""Answers that are given again, in memory: same contract as the adapter."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backsight_cloud.answer_ports import Claim, ClaimLost, Given
from backsight_cloud.ports import OwnerMissing

if TYPE_CHECKING:
    from fakes.database import State


@dataclass(frozen=True, slots=True)
class Answer:
    """A row."""

    claimed_ms: int
    given: Given


class FakeAnswers:
    """Implements the port `Answers`."""

    def __init__(self, state: "State") -> None:
        self._state = state

    async def claim(self, claim: Claim) -> Given | None:
        if claim.account not in self._state.accounts:
            raise OwnerMissing(f"there is no account {claim.account}")
        place = (claim.account, claim.key)
        before = self._state.answers.get(place)
        if before is not None:
            given = before.given
            dead = given.status is None and given.until_ms <= claim.claimed_ms
            if not dead or given.fingerprint != claim.fingerprint:
                return given
        since_ms = before.claimed_ms if before else claim.claimed_ms
        self._state.answers[place] = Answer(since_ms, Given(claim.fingerprint, claim.token, claim.until_ms))
        return None

    async def remember(self, claim: Claim, status: int, body: str) -> None:
        mine = self._ours(claim)
        if mine is None:
            raise ClaimLost("the same request was sent again and is being answered there")
        self._put(claim, replace(mine, given=replace(mine.given, status=status, body=body)))

    async def release(self, claim: Claim) -> None:
        if mine := self._ours(claim):
            self._put(claim, replace(mine, given=replace(mine.given, until_ms=claim.claimed_ms)))

    async def forget_claimed_before(self, moment_ms: int) -> None:
        old = [place for place, row in self._state.answers.items() if row.claimed_ms < moment_ms]
        for place in old:
            del self._state.answers[place]

    def _ours(self, claim: Claim) -> Answer | None:
        row = self._state.answers.get((claim.account, claim.key))
        mine = row is not None and row.given.token == claim.token and row.given.status is None
        return row if mine else None

    def _put(self, claim: Claim, row: Answer) -> None:
        self._state.answers[claim.account, claim.key] = row
