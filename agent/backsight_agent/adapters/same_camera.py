"""Makes sure that who answers at an address is the camera that we think it is: addresses move."""

from backsight_agent.camera_ports import CameraUnreachable
from backsight_shared.segment import camera_id


def refuse_other_camera(camera: str, mac: str, host: str) -> None:
    """Raises CameraUnreachable when another camera answers; one that does not say who it is passes."""
    if not mac:
        return
    try:
        answering = camera_id(mac)
    except ValueError:
        return
    if answering != camera:
        raise CameraUnreachable(
            f"another camera ({answering}) answers at {host}, not {camera}: give each camera a fixed address "
            "in your router, and set `host` in agent.toml (backsight-agent discover lists them)"
        )
