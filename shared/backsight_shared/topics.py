"""Names of MQTT topics: a hub reads and writes only below its own folder."""

ROOT = "backsight/v1/hubs"


def entitlement(hub: str) -> str:
    """Cloud to hub, retained: the newest signed document."""
    return f"{ROOT}/{hub}/entitlement"


def pull(hub: str) -> str:
    """Hub to cloud: "give me a fresh document"."""
    return f"{ROOT}/{hub}/pull"


def status(hub: str) -> str:
    """Hub to cloud, retained; the will says offline."""
    return f"{ROOT}/{hub}/status"


def hub_of(topic: str) -> str | None:
    """Which hub a topic belongs to, or None for a topic that is not ours."""
    parts = topic.split("/")
    return parts[3] if len(parts) == 5 and "/".join(parts[:3]) == ROOT else None
