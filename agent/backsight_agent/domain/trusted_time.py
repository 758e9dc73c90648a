"""Decides whether the hub's clock may be trusted with deleting.

A clock is trusted once it was proved: synchronised (NTP), or within a minute of the cloud's time. It stays
proved for as long as it runs along with the monotonic clock, also when NTP and cloud are gone for weeks:
ages are differences on one line of time. When the wall clock leaves that line by more than a minute, either
way, the proof is gone. Then only the cloud's time proves it again; but on a hub without a cloud, and before
the clock was ever trusted (a Pi that boots in 1970), NTP may: after the clock ran steadily for ten minutes.
A clock that the cloud contradicts is not trusted whatever NTP says, until they agree. And no clock is that
shows a time before this product was made or before a time that is known to have passed.

Dating what is recorded asks for less than deleting: the time is known when the clock is trusted, and also
when the cloud contradicts it, for then the cloud's time is the right one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from backsight_shared.clock import Clock, offset_ms

JUMP_MS = 60_000  # the wall clock left the line of time; also how far it may be from the cloud's
SETTLE_S = 600.0  # seconds; how long a clock must run steadily after a step when there is no cloud to ask
SLACK_MS = 60_000  # how far behind a time that has passed a clock may be: networks and reading take time
MADE_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z; no clock of this product ever showed less, rightly
STEADY_MS = 5_000  # two times of the cloud that differ by less are one: answers take their time on the way


class Proof(Enum):
    """What speaks for the line of time that the wall clock is on."""

    NONE = "none"
    GIVEN = "given"
    STEPPED = "stepped"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Look:
    """The clocks at one moment."""

    now_ms: int
    monotonic: float
    synchronised: bool


@dataclass(frozen=True, slots=True)
class Belief:
    """What is known of the clock: its line of time (where it was, when), and what speaks for that line."""

    line: Look
    proof: Proof = Proof.NONE
    off_ms: int = 0  # how far the step went, or how far the clock is ahead of the cloud
    steady_from: float = 0.0  # monotonic; synchronised and without a step since then
    was_trusted: bool = False
    has_cloud: bool = False
    passed_ms: int = MADE_MS  # a moment that is certainly in the past


def looked(belief: Belief, look: Look) -> Belief:
    """The belief after a look at the clocks."""
    off_ms = _off_the_line(belief.line, look)
    if abs(off_ms) > JUMP_MS:
        return replace(belief, line=look, proof=Proof.STEPPED, off_ms=off_ms, steady_from=look.monotonic)
    if not look.synchronised:
        belief = replace(belief, steady_from=look.monotonic)
    elif belief.proof is Proof.NONE or _settled(belief, look):
        belief = replace(belief, proof=Proof.GIVEN, line=look)
    if trusts(belief, look):
        return replace(belief, was_trusted=True, passed_ms=max(belief.passed_ms, look.now_ms))
    return belief


def told(belief: Belief, look: Look, cloud_time_ms: int) -> Belief:
    """The belief after the cloud said what time it is: that also replaces what was thought to have passed."""
    off_ms = look.now_ms - cloud_time_ms
    agrees = abs(off_ms) <= JUMP_MS
    known = known_offset_ms(belief, look)
    if known is not None and belief.proof is Proof.CONTRADICTED and not agrees:
        before_ms = round(look.now_ms - look.monotonic * 1000 - known)
        off_ms = before_ms if abs(off_ms - before_ms) <= STEADY_MS else off_ms
    return replace(
        belief,
        line=look,
        proof=Proof.GIVEN if agrees else Proof.CONTRADICTED,
        off_ms=off_ms,
        was_trusted=belief.was_trusted or agrees,
        has_cloud=True,
        passed_ms=max(MADE_MS, cloud_time_ms),
    )


def trusts(belief: Belief, look: Look) -> bool:
    """Whether the clock may be trusted with deleting at this look."""
    return belief.proof is Proof.GIVEN and look.now_ms >= belief.passed_ms - SLACK_MS


def known_offset_ms(belief: Belief, look: Look) -> float | None:
    """True time minus the monotonic clock, in milliseconds; None while the time is not known."""
    if trusts(belief, look):
        return look.now_ms - look.monotonic * 1000
    if belief.proof is Proof.CONTRADICTED and belief.line.now_ms - belief.off_ms >= MADE_MS:
        return belief.line.now_ms - belief.off_ms - belief.line.monotonic * 1000
    return None


def why_not(belief: Belief, look: Look) -> str:
    """Why the clock is not trusted, for a person; empty when it is."""
    if trusts(belief, look):
        return ""
    return f"{_what_is_wrong(belief)}; nothing is deleted until then"


class TrustedTime:
    """The hub's clock with what is believed of it.

    `changed` is set whenever trust comes or goes, `learned` when the time becomes known, or another one.
    """

    def __init__(self, clock: Clock, synchronised: Callable[[], bool], *, paired: bool = False) -> None:
        self._clock = clock
        self._synchronised = synchronised
        self._look = self._look_now()
        self._belief = looked(Belief(line=self._look, has_cloud=paired), self._look)
        self.changed = asyncio.Event()
        self.learned = asyncio.Event()

    def trusted_now_ms(self) -> int | None:
        """Now, or None when the clock cannot be trusted. Looks at the clocks anew."""
        look = self._look_now()
        self._believe(looked(self._belief, look), look)
        return look.now_ms if trusts(self._belief, look) else None

    def known_offset_ms(self) -> float | None:
        """True time minus the monotonic clock; None while it is not known. Looks at the clocks anew."""
        self.trusted_now_ms()
        return known_offset_ms(self._belief, self._look)

    @property
    def text(self) -> str:
        """Why the clock is not trusted, for a person; empty when it is."""
        return why_not(self._belief, self._look)

    def confirm(self, cloud_time_ms: int) -> None:
        """The cloud just said what time it is."""
        look = self._look_now()
        self._believe(told(looked(self._belief, look), look, cloud_time_ms), look)

    def at_least(self, passed_ms: int) -> None:
        """This moment has certainly passed (a signed document of that time exists)."""
        passed_ms = max(self._belief.passed_ms, passed_ms)
        self._believe(replace(self._belief, passed_ms=passed_ms), self._look)

    def _believe(self, belief: Belief, look: Look) -> None:
        trusted, known = trusts(self._belief, self._look), known_offset_ms(self._belief, self._look)
        self._belief, self._look = belief, look
        if trusts(belief, look) != trusted:
            self.changed.set()
        now_known = known_offset_ms(belief, look)
        if now_known is not None and (known is None or abs(now_known - known) > STEADY_MS):
            self.learned.set()

    def _look_now(self) -> Look:
        monotonic = self._clock.monotonic()
        return Look(round(offset_ms(self._clock) + monotonic * 1000), monotonic, self._synchronised())


class KnownClock:
    """The hub's clock, set right by what the cloud said while the two disagree. Implements Clock.

    What is recorded, noticed and shown goes by it, so that a hub with a wrong clock has a right history.
    """

    def __init__(self, clock: Clock, time: TrustedTime) -> None:
        self._clock, self._time = clock, time

    def now_ms(self) -> int:
        """Wall time, as right as it is known."""
        known = self._time.known_offset_ms()
        if known is None:
            return self._clock.now_ms()
        return round(known + self._clock.monotonic() * 1000)

    def known_offset_ms(self) -> float | None:
        """Wall minus monotonic clock, where the time is known."""
        return self._time.known_offset_ms()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


def _off_the_line(line: Look, look: Look) -> int:
    """How far the wall clock is ahead of where the monotonic clock says that it should be."""
    return round(look.now_ms - line.now_ms - (look.monotonic - line.monotonic) * 1000)


def _settled(belief: Belief, look: Look) -> bool:
    """Whether NTP alone may prove the clock again after a step."""
    may = belief.proof is Proof.STEPPED and not (belief.has_cloud and belief.was_trusted)
    return may and look.monotonic - belief.steady_from >= SETTLE_S


def _what_is_wrong(belief: Belief) -> str:
    if belief.proof is Proof.NONE:
        return "The clock is waiting to be synchronised (is time synchronisation, NTP, switched on?)"
    if belief.proof is Proof.CONTRADICTED:
        way = "ahead of" if belief.off_ms > 0 else "behind"
        return f"The clock is {_span(belief.off_ms)} {way} the cloud's: set it right, or switch NTP on"
    if belief.proof is Proof.GIVEN:
        return "The clock shows a time that has passed already: set it right, or switch NTP on"
    way = "forward" if belief.off_ms > 0 else "back"
    waits = "the cloud confirms it" if belief.has_cloud else "it was synchronised and steady for 10 minutes"
    return f"The clock jumped {way} by {_span(belief.off_ms)} and is not trusted until {waits}"


def _span(ms: int) -> str:
    seconds = abs(ms) // 1000
    for unit, size in (("years", 63_115_200), ("days", 172_800), ("hours", 7_200), ("minutes", 120)):
        if seconds >= size:
            return f"{seconds // (size // 2)} {unit}"
    return f"{seconds} seconds"
