"""`backsight-agent check-config`: reads the settings as the agent would."""

import argparse

from backsight_agent.commands.printing import table
from backsight_agent.config import load
from backsight_agent.config_camera import CameraSettings


def main(wanted: argparse.Namespace) -> int:
    """Says what the settings come to; load() refuses wrong ones."""
    settings = load(wanted.config)
    print(f"{settings.file} is right. History is kept in {settings.state}")
    rows = [
        (
            camera.name,
            camera.profile.camera.family,
            camera.host,
            camera.model or "(asked)",
            _mark(camera),
        )
        for camera in settings.cameras
    ]
    print(table(("NAME", "FAMILY", "HOST", "MODEL", ""), rows))
    if settings.window is None:
        print("Without [history] window, an agent that is not paired with a cloud deletes nothing.")
    return 0


def _mark(camera: CameraSettings) -> str:
    unknown = camera.model and not camera.profile.known
    return "unknown model: its family's defaults are used" if unknown else ""
