"""Judges the hub's clock: what is deleted goes by it, and what is recorded is dated by it."""

from collections.abc import Iterator
from dataclasses import dataclass

from backsight_agent.domain.findings import Finding, ok, problem, warning
from backsight_agent.domain.trusted_time import JUMP_MS, MADE_MS

SUBJECT = "clock"
LATEST_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z

NO_BATTERY = "without a battery of its own: what is recorded before the time is known is dated afterwards"


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """As it was found."""

    now_ms: int
    synchronised: bool  # as the kernel says
    keepers: tuple[str, ...]  # what could keep it right: systemd-timesyncd, chrony, ntpd
    has_rtc: bool
    believed: bool  # agent.toml: trust = "system"
    cloud_off_ms: (
        int | None
    )  # how far it is ahead of the cloud's; None: the cloud was not asked, or is silent


def judge_clock(clock: ClockFacts) -> Iterator[Finding]:
    """The time itself, then what keeps it."""
    if not MADE_MS <= clock.now_ms < LATEST_MS:
        yield problem(
            SUBJECT, f"It shows a time that cannot be: {_way_out(clock)}. Nothing is deleted until then"
        )
    elif clock.cloud_off_ms is not None and abs(clock.cloud_off_ms) > JUMP_MS:
        yield problem(SUBJECT, f"It is {_off(clock.cloud_off_ms)} the cloud's: {_way_out(clock)}")
    else:
        yield _trust(clock)
    if not clock.has_rtc:
        yield ok(SUBJECT, f"This machine is {NO_BATTERY}")


def _trust(clock: ClockFacts) -> Finding:
    agrees = (
        "" if clock.cloud_off_ms is None else f"; {abs(clock.cloud_off_ms) / 1000:.1f} s from the cloud's"
    )
    if clock.synchronised:
        return ok(SUBJECT, f"It is synchronised ({', '.join(clock.keepers) or 'by this machine'}){agrees}")
    if clock.believed:
        return warning(
            SUBJECT, f'It is believed as it is (trust = "system"), and nothing keeps it right{agrees}'
        )
    if clock.cloud_off_ms is not None:
        return warning(SUBJECT, f"The cloud agrees with it, but nothing keeps it right: {_way_out(clock)}")
    return problem(SUBJECT, f"It is not synchronised, so that nothing is deleted: {_way_out(clock)}")


def _way_out(clock: ClockFacts) -> str:
    if clock.keepers:
        return f"see whether {clock.keepers[0]} reaches its servers (timedatectl, UDP port 123)"
    return "install what does (apt-get install systemd-timesyncd, or chrony)"


def _off(off_ms: int) -> str:
    seconds, way = abs(off_ms) / 1000, "ahead of" if off_ms > 0 else "behind"
    amount = f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
    return f"{amount} {way}"
