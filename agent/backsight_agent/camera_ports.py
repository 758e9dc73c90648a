"""What the agent needs of a camera, as narrow protocols: its stream, its control, its settings."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from backsight_agent.domain.camera_settings import Direction
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.noticing import Noticed
from backsight_agent.domain.states import CameraFacts
from backsight_shared.errors import NeedsAttention, TryLater


class CameraOff(TryLater):
    """The owner switched the camera off (privacy). Nothing is wrong."""


class CameraUnreachable(TryLater):
    """Nothing answers at the camera's address."""


class NotOnHub(CameraUnreachable):
    """The hub answers, and no such camera hangs on it."""


class CameraRefusedLogin(NeedsAttention):
    """The camera answered and said no. More tries may lock the account."""


class StreamRefused(TryLater):
    """The camera answers, but does not give its stream."""


class StreamBroken(TryLater):
    """The stream stalled, was cut, or is not the video that it should be."""


class Source(Protocol):
    """A camera's stream."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[Arrival]]:
        """Connect, and iterate over what arrives, in order. Leaving the block closes everything.

        Raises the camera errors above, on entering or while iterating; a stream that just ends
        ends the iteration. Silence for ten seconds is StreamBroken.
        """
        ...


class SettingRefused(NeedsAttention):
    """The camera does not have this setting, or did not take the value."""


class CameraControl(Protocol):
    """A camera's control side, through python-kasa. Never needed for recording.

    Every call ends within bounded time and raises the camera errors above.
    """

    async def read(self) -> CameraFacts:
        """Ask once how the camera is."""
        ...

    async def noticed(self, since_ms: int) -> Sequence[Noticed]:
        """What the camera itself noticed and began after this moment, the oldest first."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class SettableCamera(Protocol):
    """What an owner can set at a camera (domain/camera_settings.py). Raises SettingRefused, too."""

    async def settings(self) -> Mapping[str, str]:
        """Every setting that this camera has, as it is now."""
        ...

    async def change(self, name: str, value: str) -> None:
        """Set one, and see that the camera has it. Raises SettingRefused when it has not."""
        ...

    async def move(self, direction: Direction) -> None:
        """Nudge its motor, or stop it."""
        ...

    async def presets(self) -> Sequence[str]:
        """The names of the positions that are saved in it."""
        ...

    async def go_to(self, preset: str) -> None:
        """Move to a saved position."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
