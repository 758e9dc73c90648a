"""Makes a camera's control: which one it is, by family, and with its login."""

from backsight_agent.adapters.kasa_linkie import LinkieControl
from backsight_agent.adapters.kasa_smartcam import SmartcamControl
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.config_camera import CameraSettings
from backsight_agent.domain.family import Family
from backsight_shared.clock import Clock


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
