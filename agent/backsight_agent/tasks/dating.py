"""Knows, for everything that is recorded, whether its moments are true; and which runs still go on."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from backsight_agent.domain.anchoring import Undated, is_exact


class KnowsTime(Protocol):
    """What is known of the time."""

    def known_offset_ms(self) -> float | None: ...


class Dating:
    """Asked by whoever stores moments. `wanted` is set when there may be something to date."""

    def __init__(self, boot: str = "", time: KnowsTime | None = None) -> None:
        """Without a `time` every moment is true."""
        self.boot = boot
        self._time = time
        self._going_on: dict[str, int] = {}
        self.wanted = asyncio.Event()

    def undated(self, offset_ms: float) -> Undated | None:
        """What it takes to date later what is anchored by this difference of the clocks; None: it is right.

        It is not enough that the time is known now: video may have waited for the disk since before it was.
        """
        if self._time is None:
            return None
        known = self._time.known_offset_ms()
        if known is not None and is_exact(round(offset_ms - known)):
            return None
        self.wanted.set()
        return Undated(self.boot, round(offset_ms))

    @property
    def going_on(self) -> Mapping[str, int]:
        """By camera the run that is being written: no more than its mark may be touched."""
        return self._going_on

    def begins(self, camera: str, run_ms: int) -> None:
        """A run begins: segments of it will come."""
        self._going_on[camera] = run_ms

    def ended(self, camera: str) -> None:
        """No more segments come to the camera's run."""
        if self._going_on.pop(camera, None) is not None:
            self.wanted.set()
