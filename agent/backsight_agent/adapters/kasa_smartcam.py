"""Asks a Tapo camera how it is, through python-kasa.

Each read makes a session of its own: sessions expire after minutes, another client steals them, and after
trouble python-kasa's device object stays slow or loses modules for the rest of its life.
"""

import asyncio

from kasa import Credentials, Device, DeviceConfig, Module
from kasa.deviceconfig import DeviceConnectionParameters, DeviceEncryptionType, DeviceFamily
from kasa.exceptions import KasaException

from backsight_agent.adapters.kasa_errors import translated
from backsight_agent.adapters.same_camera import refuse_other_camera
from backsight_agent.domain.login import Login
from backsight_agent.domain.profiles import plain_model
from backsight_agent.domain.states import CameraFacts

ANSWER_S = 5  # seconds for one answer
READ_S = 20.0  # seconds for a whole read: python-kasa alone would take minutes on a camera that hangs
LOGIN_VERSION = 3  # the newest that python-kasa speaks


class SmartcamControl:
    """The control side of one Tapo camera."""

    def __init__(self, camera: str, host: str, port: int, login: Login) -> None:
        self._camera = camera
        self._host = host
        self._port = port
        self._login = login

    async def read(self) -> CameraFacts:
        """Ask once."""
        try:
            async with asyncio.timeout(READ_S):
                return await self._read()
        except (KasaException, TimeoutError, KeyError) as error:
            # Their texts carry the camera's answers, with nonces and hashes: nothing of them is passed on.
            raise translated(error, f"{self._host}:{self._port}") from None

    async def close(self) -> None:
        """Nothing is kept open between reads."""

    async def _read(self) -> CameraFacts:
        device = await Device.connect(config=self._config())  # closes by itself when it fails
        try:
            refuse_other_camera(self._camera, device.mac, self._host)
            info = device.device_info
            mask = device.modules.get(Module.LensMask)
            return CameraFacts(
                model=plain_model(device.model),
                hardware=info.hardware_version,
                firmware=info.firmware_version or "",
                off=mask is not None and not mask.disabled and mask.enabled,
            )
        finally:
            await device.disconnect()

    def _config(self) -> DeviceConfig:
        return DeviceConfig(
            self._host,
            timeout=ANSWER_S,
            credentials=Credentials(self._login.username, self._login.password),
            connection_type=DeviceConnectionParameters(
                DeviceFamily.SmartIpCamera,
                DeviceEncryptionType.Aes,
                login_version=LOGIN_VERSION,
                https=True,
                http_port=self._port,
            ),
        )
