"""Asks and sets a Kasa-branded camera, through the parts of python-kasa that still speak to it.

python-kasa refuses to build these devices and always signs in as the factory does; its protocol and
transport work when put together by hand, and take another login where one is needed.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from kasa import DeviceConfig
from kasa.exceptions import KasaException
from kasa.protocols import IotProtocol
from kasa.transports import LinkieTransportV2

from backsight_agent.adapters import linkie_settings as linkie
from backsight_agent.adapters.kasa_errors import translated
from backsight_agent.adapters.kasa_sysinfo import clock_off_of, facts_of, last_activity, mac_of, sysinfo_of
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.adapters.same_camera import refuse_other_camera
from backsight_agent.camera_ports import CameraRefusedLogin, SettingRefused
from backsight_agent.domain.camera_settings import Direction, refuse_strange
from backsight_agent.domain.login import Login
from backsight_agent.domain.login_rounds import accepted, in_order, may_try, refused
from backsight_agent.domain.noticing import Noticed, kind_of, moment
from backsight_agent.domain.profiles import ControlFacts
from backsight_agent.domain.states import CameraFacts
from backsight_shared.clock import Clock
from backsight_shared.event import LONGEST_EVENT_MS, EventKind

ANSWER_S = 5  # seconds for one answer
READ_S = 20.0  # seconds for a whole call, with every login tried
NUDGE_S = 0.5  # seconds that a motor moves
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
        self._turn = asyncio.Lock()
        self._rests_since = clock.monotonic()  # since when no round was made by this object

    async def read(self) -> CameraFacts:
        """Ask once; logins are tried in order, the one that worked last time first."""
        async with self._bounded(), self._signed_in() as (_, sysinfo):
            return facts_of(sysinfo, self._clock.now_ms())

    async def noticed(self, since_ms: int) -> Sequence[Noticed]:
        """See the port: the time of the last activity tells whether it is worth asking for all."""
        async with self._bounded(), self._signed_in() as (protocol, sysinfo):
            now_ms = self._clock.now_ms()
            last = last_activity(sysinfo, now_ms)
            if last is None or last.start_ms <= since_ms:
                return ()
            off_s = clock_off_of(sysinfo, now_ms) or 0
            asked = linkie.get_detected(since_ms // 1000 + off_s, now_ms // 1000 + off_s + 1)
            listed = linkie.detected(await self._query(protocol, asked))
            spans = [span for one in listed if (span := _span(one, off_s, now_ms))]
            found = sorted((one for one in spans if one.start_ms > since_ms), key=lambda one: one.start_ms)
            return found or (last,)

    async def settings(self) -> Mapping[str, str]:
        """See the port."""
        async with self._bounded(), self._signed_in() as (protocol, _):
            return linkie.values(await self._query(protocol, linkie.get_all()))

    async def change(self, name: str, value: str) -> None:
        """See the port."""
        refuse_strange(name, value)
        async with self._bounded(), self._signed_in() as (protocol, _):
            before = linkie.values(await self._query(protocol, linkie.get_all()))
            if name not in before:
                raise SettingRefused(f"the camera at {self._host} has no {name}")
            await self._query(protocol, linkie.set_one(name, value))
            after = linkie.values(await self._query(protocol, linkie.get_all()))
            if after.get(name) != value:
                raise SettingRefused(f"the camera at {self._host} keeps {name} {after.get(name)}")

    async def move(self, direction: Direction) -> None:
        """See the port. These cameras move until they are told to stop."""
        async with self._bounded(), self._signed_in() as (protocol, _):
            self._refuse_failed(await self._query(protocol, linkie.move(direction)), "does not move")
            if direction is not Direction.STOP:
                await self._clock.sleep(NUDGE_S)
                await self._query(protocol, linkie.move(Direction.STOP))

    async def presets(self) -> Sequence[str]:
        """See the port."""
        async with self._bounded(), self._signed_in() as (protocol, _):
            return tuple(linkie.presets(await self._query(protocol, linkie.get_presets())))

    async def go_to(self, preset: str) -> None:
        """See the port."""
        async with self._bounded(), self._signed_in() as (protocol, _):
            known = linkie.presets(await self._query(protocol, linkie.get_presets()))
            if preset not in known:
                raise SettingRefused(f"the camera at {self._host} has no position {preset} saved")
            self._refuse_failed(await self._query(protocol, linkie.go_to(known[preset])), "does not move")

    async def close(self) -> None:
        """Nothing is kept open between calls."""

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """One call at a time, and none for longer than READ_S."""
        async with self._turn:
            try:
                async with asyncio.timeout(READ_S):
                    yield
            except TimeoutError as error:
                raise translated(error, self._where) from error

    async def _query(self, protocol: IotProtocol, request: linkie.Request) -> dict[str, Any]:
        try:
            answer = await protocol.query(request, retry_count=0)
        except KasaException as error:
            raise translated(error, self._where) from error
        return answer if isinstance(answer, dict) else {}

    def _refuse_failed(self, answer: dict[str, Any], what: str) -> None:
        if not linkie.is_done(answer):
            raise SettingRefused(f"the camera at {self._host} {what}: has it a motor?")

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    @asynccontextmanager
    async def _signed_in(self) -> AsyncIterator[tuple[IotProtocol, dict[str, Any]]]:
        """A conversation with a login that the camera takes, and its sysinfo."""
        tried, mark = self._memory.tried(self._camera), self._memory.mark_of(self._login)
        rested_ms = round((self._clock.monotonic() - self._rests_since) * 1000)
        if not may_try(tried, mark, self._clock.now_ms(), rested_ms):
            raise CameraRefusedLogin(
                f"{self._where} refused every login less than half an hour ago, and more could lock it: "
                "correct username and password_file (then it is asked at once), or wait"
            )
        self._rests_since = self._clock.monotonic()
        for way in in_order(self._facts.logins, tried):
            async with self._protocol(way) as protocol:
                sysinfo = await self._asked(protocol)
                if sysinfo is not None:
                    await self._memory.note(self._camera, accepted(tried, way))
                    refuse_other_camera(self._camera, mac_of(sysinfo), self._host)
                    yield protocol, sysinfo
                    return
        await self._memory.note(self._camera, refused(tried, mark, self._clock.now_ms()))
        raise CameraRefusedLogin(
            f"{self._where} refused every login we know: check username and password_file, which must be "
            "those of the Kasa account that the camera belongs to"
        )

    async def _asked(self, protocol: IotProtocol) -> dict[str, Any] | None:
        """The camera's sysinfo, or None when it does not take this login."""
        try:
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


def _span(listed: dict[str, Any], off_s: int, now_ms: int) -> Noticed | None:
    """One entry of what a camera noted; an end that makes no sense is a moment's."""
    found = moment(kind_of(str(listed.get("detect_type", "motion"))), listed.get("start_time"), off_s, now_ms)
    end = moment(EventKind.OTHER, listed.get("end_time"), off_s, now_ms)
    if found and end and found.start_ms < end.start_ms <= found.start_ms + LONGEST_EVENT_MS:
        return replace(found, until_ms=end.start_ms)
    return found


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
