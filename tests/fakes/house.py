"""The real local API in front of a real store, for the tests of its pages."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from backsight_agent.adapters.local_api import LocalApiSettings, listening
from backsight_agent.adapters.local_erasing import LocalErasing
from backsight_agent.adapters.local_looking import Looking
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.domain.holding import FixedWindows
from backsight_agent.domain.states import Board
from backsight_shared.window import WindowStep
from fakes.clock import FakeClock
from fakes.footage_of_hub import CAMERA, OTHER

HOUR_MS = 3_600_000


class Windows(FixedWindows):
    """Of a window that the test moves."""

    def __init__(self) -> None:
        super().__init__(1000 * HOUR_MS, [CAMERA, OTHER])
        self.of_all = (WindowStep(0, 1000 * HOUR_MS),)

    def steps(self, camera: str) -> tuple[WindowStep, ...] | None:
        return self.of_all

    def shrink(self, window_ms: int) -> None:
        self.of_all = (WindowStep(0, window_ms),)


class Time:
    def __init__(self, clock: FakeClock) -> None:
        self._clock, self.changed, self.text = clock, asyncio.Event(), ""

    def trusted_now_ms(self) -> int | None:
        return self._clock.now_ms()


@dataclass(frozen=True)
class House:
    store: Store
    clock: FakeClock
    windows: Windows
    looking: Looking
    url: str
    folder: Path
    session: aiohttp.ClientSession

    async def post(self, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self.session.post(self.url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, answer.headers, await answer.read()


@asynccontextmanager
async def a_house(
    folder: Path, *, lan: bool = False, token: str | None = None, paired: bool = False
) -> AsyncIterator[House]:
    clock, windows = FakeClock(), Windows()
    settings = LocalApiSettings("127.0.0.1", 0, lan, token)
    async with open_store(folder, clock) as store, aiohttp.ClientSession() as session:
        looking = looking_at(store, clock, windows)
        erasing = LocalErasing(store.retention, windows.changed, paired)
        async with listening(settings, looking, erasing) as url:
            yield House(store, clock, windows, looking, url, folder, session)


def looking_at(store: Store, clock: FakeClock, windows: Windows) -> Looking:
    async def status() -> Mapping[str, object]:
        return {"hub": "Hub", "cameras": 2}

    board = Board((CAMERA, OTHER), clock)
    names = {CAMERA: 'Front "door"', OTHER: "Küche"}
    return Looking(store.history, windows, Time(clock), board, names, status, clock)
