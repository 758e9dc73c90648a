"""Decides whether the service's work goes on, for the service manager's watchdog, and says it in one line.

Trouble is not hanging: what fails and is tried again is seen on the page of metrics and in `/v1/health`.
"""

from backsight_cloud.domain.vitals import ServiceVitals

DATABASE_S = 300.0  # seconds that one question may take; connections and transactions give up after 20
LATE_S = 5.0  # seconds by which the event loop may come too late, every time for a minute


def stuck(vitals: ServiceVitals, now: float) -> str:
    """What does not go on, in words; nothing while all does. `now` is monotonic."""
    if vitals.lag.least_s > LATE_S:
        return f"the event loop comes {vitals.lag.least_s:.0f} s late, every time"
    if vitals.asking_since is not None and now - vitals.asking_since > DATABASE_S:
        return f"the database has not answered for {(now - vitals.asking_since) // 60:.0f} minutes"
    return ""


def status_line(vitals: ServiceVitals, troubled: list[str]) -> str:
    """The service in one line."""
    parts = [f"in trouble: {', '.join(troubled)}"] if troubled else []
    if vitals.looked is not None:
        town = vitals.looked.town
        parts.insert(0, f"{town.hubs_online} of {town.hubs} hubs connected, {town.cameras} cameras")
    return "; ".join(parts) or "serving"
