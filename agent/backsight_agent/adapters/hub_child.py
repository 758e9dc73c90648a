"""What hangs on a hub is recorded through it, under an id that the hub is asked for once."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from backsight_agent.adapters.hanging_file import HangingFile
from backsight_agent.adapters.kasa_errors import ControlLocked
from backsight_agent.camera_ports import (
    CameraRefusedLogin,
    CameraUnreachable,
    NotOnHub,
    Source,
    StreamBroken,
    StreamRefused,
)
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.whereabouts import OnHub
from backsight_agent.tasks.locate import Search
from backsight_agent.tasks.moving import Verify
from backsight_shared.clock import Clock

ASK_AGAIN_S = 1800.0  # seconds; as long as wrong logins are remembered: no doubt is worth a locked hub


class HubChild:
    """One camera's place on its hub."""

    def __init__(
        self,
        camera: str,
        ask: Callable[[str], Awaitable[OnHub]],
        file: HangingFile,
        check: Verify,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._ask = ask
        self._file = file
        self._check = check
        self._clock = clock
        self._is_doubted = False
        self._ask_at = 0.0  # monotonic: before this, a doubt alone is no reason to ask

    async def place(self, host: str) -> OnHub:
        """The one that is remembered; asked anew where there is none, or the hub had something against it.

        A hub that cannot be asked takes nothing away: what it refused for another reason may be right.
        """
        known = self._file.place(self._camera)
        if known is None:
            return await self._asked(host)
        if not self._is_doubted or self._clock.monotonic() < self._ask_at:
            return known
        try:
            return await self._asked(host)
        except NotOnHub:
            raise
        except (CameraUnreachable, CameraRefusedLogin):
            self._ask_at = self._clock.monotonic() + ASK_AGAIN_S
            return known

    def doubt(self) -> None:
        """The hub refused what is remembered: the camera may have another id by now."""
        self._is_doubted = True

    async def verify(self, camera: str, host: str) -> None:
        """That its hub is still there. Another one may have taken over the camera: then that is asked."""
        known = self._file.place(camera)
        if known is None or not known.hub:
            return
        try:
            await self._check(known.hub, host)
        except CameraUnreachable:
            self.doubt()
            raise

    async def _asked(self, host: str) -> OnHub:
        try:
            found = await self._ask(host)
        except ControlLocked as error:
            raise CameraRefusedLogin(
                f"the hub at {host} keeps its control to the Tapo app, and must be asked once how this "
                "camera is recorded: switch Third-Party Compatibility off and on in the Tapo app "
                "(Me, Third-Party Services)"
            ) from error
        self._is_doubted, self._ask_at = False, self._clock.monotonic() + ASK_AGAIN_S
        await self._file.note(self._camera, found)
        return found


class ChildSource:
    """Its stream, which the hub gives under that id."""

    def __init__(self, child: HubChild, host: str, make: Callable[[str], Source]) -> None:
        self._child = child
        self._host = host
        self._make = make

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[Arrival]]:
        """See the port; may have to ask the hub's control first, with its errors."""
        place, given = await self._child.place(self._host), False
        try:
            async with self._make(place.device_id).open() as arrivals:
                given = True
                yield arrivals
        except (StreamRefused, StreamBroken) as error:
            if not given or isinstance(error, StreamRefused):
                self._child.doubt()
            raise


class HubSearch:
    """Looks for the hub in place of what hangs on it: that announces nothing itself."""

    def __init__(self, search: Search, children: frozenset[str], file: HangingFile) -> None:
        self._search = search
        self._children = children
        self._file = file

    async def __call__(self, missing: Mapping[str, str]) -> Mapping[str, str]:
        """See the port. A hub that never told its MAC is not looked for."""
        wanted = {camera: seen for camera in missing if (seen := self._announced(camera))}
        if not wanted:
            return {}
        found = await self._search({seen: missing[camera] for camera, seen in wanted.items()})
        return {camera: found[seen] for camera, seen in wanted.items() if seen in found}

    def _announced(self, camera: str) -> str:
        """Under which MAC its address is announced."""
        if camera not in self._children:
            return camera
        place = self._file.place(camera)
        return place.hub if place else ""
