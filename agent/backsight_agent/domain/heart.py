"""Decides whether the work goes on, for the service manager's watchdog: a hub that hangs is started anew.

Trouble is not hanging: a camera that is away, a cloud that does not answer, a disk that says no are seen,
told and tried again, and a new start would only cost footage. Hanging is what the timeouts on every wait
should make impossible: the limits are long, so that a start anew costs less than what is lost already.
"""

from collections.abc import Mapping

from backsight_agent.domain.states import CameraState, State
from backsight_agent.domain.vitals import Vitals

READ_S = 300.0  # seconds that a camera may be called recorded without a GOP; sources give up after far less
STORE_S = 600.0  # seconds that one call to the store may take; what waits in memory is lost after two minutes
LATE_S = 5.0  # seconds by which the event loop may come too late, every time for a minute

_READ = (State.RECORDING, State.WATCHING)


def stuck(vitals: Vitals, states: Mapping[str, CameraState], names: Mapping[str, str], now: float) -> str:
    """What does not go on, in words; nothing while all does. `now` is monotonic."""
    if vitals.lag.least_s > LATE_S:
        return f"the event loop comes {vitals.lag.least_s:.0f} s late, every time"
    for camera, name in names.items():
        one = vitals.of(camera)
        if one.asking_since is not None and now - one.asking_since > STORE_S:
            return f"{name}: the store has not answered for {_minutes(now - one.asking_since)}"
        if states[camera].state in _READ and one.read_at is not None and now - one.read_at > READ_S:
            return f"{name}: nothing was read for {_minutes(now - one.read_at)}, though it is recorded"
    return ""


def status_line(states: Mapping[str, CameraState], problems: int, connected: bool | None) -> str:
    """The hub in one line; `connected` is None without a cloud."""
    wanted = [one.state for one in states.values() if one.state is not State.NOT_RECORDED]
    recorded = sum(state in _READ for state in wanted)
    parts = [f"{recorded} of {len(wanted)} cameras recorded"]
    if connected is not None:
        parts.append("connected to the cloud" if connected else "not connected to the cloud")
    if problems:
        parts.append("1 problem" if problems == 1 else f"{problems} problems")
    return "; ".join(parts)


def _minutes(seconds: float) -> str:
    return f"{seconds // 60:.0f} minutes"
