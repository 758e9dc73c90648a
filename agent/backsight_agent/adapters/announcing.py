"""Takes a camera's announcement where its control refuses: model and firmware are told without a login."""

from collections.abc import Sequence
from dataclasses import replace

from backsight_agent.adapters.discovery import announced
from backsight_agent.camera_ports import CameraControl, CameraRefusedLogin, CameraUnreachable
from backsight_agent.domain.noticing import Noticed
from backsight_agent.domain.states import CameraFacts

NO_LOGIN = (
    "no control password in agent.toml (password_file): the camera is recorded, but not asked how it is"
)


class AnnouncingControl:
    """A camera's control, or without a login nobody's, backed by what it announces."""

    def __init__(self, camera: str, host: str, control: CameraControl | None) -> None:
        self._camera = camera
        self._host = host
        self._control = control
        self._is_refused = False  # a refused login is tried again by `read` only, which is asked seldom

    async def read(self) -> CameraFacts:
        """Ask the control; when it refuses, the announcement with the reason in `control`."""
        if self._control is None:
            return await self._announcement(NO_LOGIN)
        try:
            facts = await self._control.read()
        except CameraRefusedLogin as refusal:
            self._is_refused = True
            try:
                return await self._announcement(str(refusal))
            except CameraUnreachable:
                raise refusal from None
        self._is_refused = False
        return facts

    async def noticed(self, since_ms: int) -> Sequence[Noticed]:
        """Ask the control; when it refuses, what the camera announces of its last activity."""
        if self._control is not None and not self._is_refused:
            try:
                return await self._control.noticed(since_ms)
            except CameraRefusedLogin:
                self._is_refused = True
        found = await announced(self._camera, self._host)
        last = found.last if found else None
        return (last,) if last and last.start_ms > since_ms else ()

    async def close(self) -> None:
        """Let go of the control."""
        if self._control is not None:
            await self._control.close()

    async def _announcement(self, why: str) -> CameraFacts:
        found = await announced(self._camera, self._host)
        if found is None:
            raise CameraUnreachable(f"the camera does not announce itself at {self._host}; {why}")
        return replace(found.facts, control=why)
