"""Asks and sets a Tapo camera, through python-kasa.

One session serves all that the hub asks: sessions are few, and other clients want theirs. After any trouble,
and once an hour, it is made anew: python-kasa's device object stays slow or loses modules after an error.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from kasa import Credentials, Device, DeviceConfig, Module
from kasa.deviceconfig import DeviceConnectionParameters, DeviceEncryptionType, DeviceFamily
from kasa.exceptions import AuthenticationError, DeviceError, KasaException

from backsight_agent.adapters import smartcam_settings as smartcam
from backsight_agent.adapters.kasa_errors import translated
from backsight_agent.adapters.same_camera import refuse_other_camera
from backsight_agent.camera_ports import CameraUnreachable, NotOnHub, SettingRefused
from backsight_agent.domain.camera_settings import Direction, refuse_strange
from backsight_agent.domain.login import Login
from backsight_agent.domain.noticing import Noticed, clock_off_s, kind_of, moment, noticeable
from backsight_agent.domain.profiles import plain_model
from backsight_agent.domain.states import CameraFacts
from backsight_agent.domain.whereabouts import OnHub
from backsight_shared.clock import Clock
from backsight_shared.segment import camera_id

ANSWER_S = 5  # seconds for one answer
READ_S = 20.0  # seconds for a whole call: python-kasa alone would take minutes on a camera that hangs
LOGIN_VERSION = 3  # the newest that python-kasa speaks
SESSION_S = 3600.0  # seconds that one device object is used

_CLOCK = {"getClockStatus": {"system": {"name": ["clock_status"]}}}
_LAST_ALARM = {"getLastAlarmInfo": {"system": {"name": ["last_alarm_info"]}}}


class SmartcamControl:
    """The control side of one Tapo camera."""

    def __init__(
        self, camera: str, host: str, port: int, login: Login, clock: Clock, *, is_child: bool = False
    ) -> None:
        self._camera = camera
        self._host = host
        self._port = port
        self._login = login
        self._clock = clock
        self._is_child = is_child  # the hub that it hangs on answers at the host
        self._turn = asyncio.Lock()
        self._device: Device | None = None
        self._asked: Device | None = None  # the child that was asked for everything, once in a session
        self._since = 0.0  # monotonic: when the device object was made

    async def read(self) -> CameraFacts:
        """Ask once."""
        async with self._session(update=True) as device:
            info = device.device_info
            mask = device.modules.get(Module.LensMask)
            return CameraFacts(
                model=plain_model(device.model),
                hardware=info.hardware_version,
                firmware=info.firmware_version or "",
                off=mask is not None and not mask.disabled and mask.enabled,
                clock_off_s=noticeable(self._clock_off_s(await device.protocol.query(_CLOCK))),
            )

    async def noticed(self, since_ms: int) -> Sequence[Noticed]:
        """See the port: such a camera tells the newest alarm only."""
        async with self._session(update=False) as device:
            answer = await device.protocol.query({**_LAST_ALARM, **_CLOCK})
            last = answer["getLastAlarmInfo"]["system"]["last_alarm_info"]
            kind, off_s = kind_of(str(last.get("last_alarm_type"))), self._clock_off_s(answer)
            found = moment(kind, last.get("last_alarm_time"), off_s, self._clock.now_ms())
            return (found,) if found and found.start_ms > since_ms else ()

    async def settings(self) -> Mapping[str, str]:
        """See the port."""
        async with self._session(update=True) as device:
            return await smartcam.values(device)

    async def change(self, name: str, value: str) -> None:
        """See the port."""
        refuse_strange(name, value)
        async with self._session(update=True) as device:
            with _refusals(f"the camera at {self._host} has no {name}, or does not take {value}"):
                await smartcam.change(device, name, value)
            now = (await smartcam.values(await self._ready(update=True))).get(name)
            if now != value and (now is not None or name not in smartcam.ONLY_TOLD):
                raise SettingRefused(f"the camera at {self._host} keeps {name} {now}")

    async def move(self, direction: Direction) -> None:
        """See the port."""
        async with self._session(update=False) as device:
            with _refusals(f"the camera at {self._host} does not move: has it a motor, and room to move?"):
                await smartcam.move(device, direction)

    async def presets(self) -> Sequence[str]:
        """See the port."""
        async with self._session(update=True) as device:
            with _refusals(f"the camera at {self._host} has no motor"):
                return tuple(smartcam.presets(device))

    async def go_to(self, preset: str) -> None:
        """See the port."""
        async with self._session(update=True) as device:
            with _refusals(f"the camera at {self._host} has no position {preset} saved"):
                await smartcam.go_to(device, smartcam.presets(device)[preset])

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raw getters and what they answered."""
        async with self._session(update=False) as device:
            answer = await device.protocol.query(request)
            return answer if isinstance(answer, dict) else {}

    async def on_hub(self) -> OnHub:
        """Where the camera hangs, asked anew. Raises NotOnHub."""
        async with self._bounded():
            await self.close()  # what hangs on a hub is listed when a session begins
            hub = await self._connected(update=False)
            return OnHub(self._hanging(hub).device_id, _mac_of(hub))

    async def close(self) -> None:
        """Let go of the session."""
        device, self._device, self._asked = self._device, None, None
        if device is not None:
            await device.disconnect()

    @asynccontextmanager
    async def _session(self, *, update: bool) -> AsyncIterator[Device]:
        """The camera, asked anew for everything with `update`."""
        async with self._bounded():
            yield await self._ready(update=update)

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """One call at a time, in bounded time; after any trouble the session is gone."""
        async with self._turn:
            try:
                async with asyncio.timeout(READ_S):
                    yield
            except (KasaException, TimeoutError, KeyError, TypeError, AttributeError) as error:
                await self.close()
                # Their texts carry the camera's answers, with nonces and hashes: nothing is passed on.
                raise translated(error, f"{self._host}:{self._port}") from None
            except asyncio.CancelledError:
                await self.close()
                raise

    async def _ready(self, *, update: bool) -> Device:
        """The camera itself, which may be one of those that hang on the device at the host."""
        if update and self._is_child:
            # Of a child python-kasa asks again only what was changed, and forgets the rest: it is made anew.
            await self.close()
        device = await self._connected(update=update)
        if self._is_child:
            return await self._child(device)
        try:
            refuse_other_camera(self._camera, device.mac, self._host)
        except CameraUnreachable:
            await self.close()  # a stranger's session is none of ours
            raise
        return device

    async def _connected(self, *, update: bool) -> Device:
        """The device at the host, in the session that there is or in a new one."""
        if self._device is not None and self._is_old():
            await self.close()
        if self._device is None:
            device = await Device.connect(config=self._config())  # updates; closes by itself when it fails
            self._device, self._since = device, self._clock.monotonic()
        elif update:
            await self._device.update()
        return self._device

    def _is_old(self) -> bool:
        return self._clock.monotonic() - self._since > SESSION_S

    async def _child(self, hub: Device) -> Device:
        child = self._hanging(hub)
        if child is not self._asked:  # a hub's own update leaves its children as they were
            await child.update()
            self._asked = child
        return child

    def _hanging(self, hub: Device) -> Device:
        for child in hub.children:
            if _mac_of(child) == self._camera:
                return child
        hanging = ", ".join(f"{child.model} {child.mac}" for child in hub.children) or "nothing that we know"
        raise NotOnHub(
            f"no camera {self._camera} hangs on the hub at {self._host}, but {hanging}: set `mac` to it"
        )

    def _clock_off_s(self, answer: dict[str, Any]) -> int | None:
        status = answer["getClockStatus"]["system"]["clock_status"]
        return clock_off_s(status.get("seconds_from_1970"), self._clock.now_ms())

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


def _mac_of(device: Device) -> str:
    """As a camera's id; empty for one that does not say."""
    try:
        return camera_id(device.mac)
    except ValueError:
        return ""


@contextmanager
def _refusals(text: str) -> Iterator[None]:
    """What a camera does not know, or does not want, as an error that says so."""
    try:
        yield
    except KeyError:
        raise SettingRefused(text) from None
    except DeviceError as error:
        if isinstance(error, AuthenticationError):
            raise
        raise SettingRefused(text) from None
