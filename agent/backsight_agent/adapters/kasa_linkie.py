"""Asks a Kasa-branded camera how it is, through the parts of python-kasa that still speak to it.

python-kasa refuses to build these devices and always signs in as the factory does; its protocol and
transport work when put together by hand, and take another login where one is needed.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kasa import DeviceConfig
from kasa.exceptions import KasaException
from kasa.protocols import IotProtocol
from kasa.transports import LinkieTransportV2

from backsight_agent.adapters.kasa_errors import translated
from backsight_agent.adapters.kasa_sysinfo import facts_of, mac_of, sysinfo_of
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.adapters.same_camera import refuse_other_camera
from backsight_agent.domain.login import Login
from backsight_agent.domain.login_rounds import accepted, in_order, may_try, refused
from backsight_agent.domain.profiles import ControlFacts
from backsight_agent.domain.states import CameraFacts
from backsight_agent.ports import CameraRefusedLogin
from backsight_shared.clock import Clock

ANSWER_S = 5  # seconds for one answer
READ_S = 20.0  # seconds for a whole read, with every login tried
APP_USER_AGENT = "Kasa/3.4.451 (iPhone; iOS 17.0)"  # KC420WS is silent to others (scrypted-kasa-plugin)

_SYSINFO: dict[str, dict[str, dict[str, Any]]] = {"system": {"get_sysinfo": {}}}


class LinkieControl:
    """The control side of one Kasa camera."""

    def __init__(
        self,
        camera: str,
        host: str,
        port: int,
        login: Login,
        facts: ControlFacts,
        memory: LoginMemory,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._host = host
        self._port = port
        self._login = login
        self._facts = facts
        self._memory = memory
        self._clock = clock
        self._rests_since = clock.monotonic()  # since when no round was made by this object

    async def read(self) -> CameraFacts:
        """Ask once; logins are tried in order, the one that worked last time first."""
        try:
            async with asyncio.timeout(READ_S):
                sysinfo = await self._sysinfo()
        except TimeoutError as error:
            raise translated(error, self._where) from error
        refuse_other_camera(self._camera, mac_of(sysinfo), self._host)
        return facts_of(sysinfo)

    async def close(self) -> None:
        """Nothing is kept open between reads."""

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    async def _sysinfo(self) -> dict[str, Any]:
        tried, mark = self._memory.tried(self._camera), self._memory.mark_of(self._login)
        rested_ms = round((self._clock.monotonic() - self._rests_since) * 1000)
        if not may_try(tried, mark, self._clock.now_ms(), rested_ms):
            raise CameraRefusedLogin(
                f"{self._where} refused every login less than half an hour ago, and more could lock it: "
                "correct username and password_file (then it is asked at once), or wait"
            )
        self._rests_since = self._clock.monotonic()
        for way in in_order(self._facts.logins, tried):
            sysinfo = await self._asked(way)
            if sysinfo is not None:
                await self._memory.note(self._camera, accepted(tried, way))
                return sysinfo
        await self._memory.note(self._camera, refused(tried, mark, self._clock.now_ms()))
        raise CameraRefusedLogin(
            f"{self._where} refused every login we know: check username and password_file, which must be "
            "those of the Kasa account that the camera belongs to"
        )

    async def _asked(self, name: str) -> dict[str, Any] | None:
        """The camera's sysinfo, or None when it does not take this login."""
        try:
            async with self._protocol(name) as protocol:
                # A refusal is a dict without sysinfo: no exception says so.
                return sysinfo_of(await protocol.query(_SYSINFO, retry_count=0))
        except KasaException as error:
            ours = translated(error, self._where)
            if isinstance(ours, CameraRefusedLogin):
                return None
            raise ours from error

    @asynccontextmanager
    async def _protocol(self, name: str) -> AsyncIterator[IotProtocol]:
        config = DeviceConfig(self._host, timeout=ANSWER_S, port_override=self._port)
        protocol = IotProtocol(transport=_Linkie(config, self._facts.path, *_basic(name, self._login)))
        try:
            yield protocol
        finally:
            await protocol.close()


class _Linkie(LinkieTransportV2):
    """The transport with a login of our choice in place of its fixed one."""

    def __init__(
        self, config: DeviceConfig, path: str, user: str, password: str, user_agent: str | None
    ) -> None:
        self._basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__(config=config)
        self._app_url = self._app_url.with_path(path)  # older models take their calls elsewhere
        if user_agent:
            self._headers["User-Agent"] = user_agent

    @property
    def credentials_hash(self) -> str:
        return self._basic


def _basic(name: str, login: Login) -> tuple[str, str, str | None]:
    """User, password and User-Agent of one way to sign in; firmware_profiles/README.md lists them."""
    secret = login.password.encode()
    ways: dict[str, tuple[str, str, str | None]] = {
        "factory": ("admin", _md5(b"admin"), None),
        "email-md5": (login.username, _md5(secret), APP_USER_AGENT),
        "email-plain": (login.username, login.password, None),
        "email-base64": (login.username, base64.b64encode(secret).decode(), None),
        "admin-md5": ("admin", _md5(secret), None),
    }
    return ways[name]


def _md5(secret: bytes) -> str:
    return hashlib.md5(secret, usedforsecurity=False).hexdigest()  # the camera's protocol, not our choice
