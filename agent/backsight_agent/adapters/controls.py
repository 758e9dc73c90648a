"""Makes a camera's control: which one it is, by family, and with its login."""

from collections.abc import Callable

from backsight_agent.adapters.kasa_linkie import LinkieControl
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.camera_ports import CameraRefusedLogin
from backsight_agent.config_camera import CameraSettings
from backsight_agent.domain.family import Family
from backsight_agent.domain.whereabouts import OnHub
from backsight_shared.clock import Clock

Controls = Callable[[str], LinkieControl | SmartcamControl | None]


def control_of(
    camera: CameraSettings, host: str, memory: LoginMemory, clock: Clock
) -> LinkieControl | SmartcamControl | None:
    """None where the owner gave no control login."""
    identity, port, login = camera.camera, camera.ports.control, camera.control
    if login is None:
        return None
    if camera.family is Family.KASA:
        return LinkieControl(identity, host, port, login, camera.profile.control, memory, clock)
    return SmartcamControl(identity, host, port, login, clock, is_child=camera.is_child)


async def on_hub(controls: Controls, host: str) -> OnHub:
    """Where a camera hangs, told by the control of its hub."""
    control = controls(host)
    if not isinstance(control, SmartcamControl):
        raise CameraRefusedLogin("needs password_file: only the hub's control knows what hangs on it")
    return await control.on_hub()
