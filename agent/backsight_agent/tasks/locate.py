"""Looks for cameras that no longer answer where they were, by their MAC, and remembers where they are."""

import logging
from collections.abc import Mapping
from typing import Protocol

from backsight_agent.domain.states import Board, State
from backsight_agent.domain.whereabouts import MISSED_S, SEARCH_EVERY_S, Whereabouts
from backsight_shared.clock import Clock
from backsight_shared.errors import TryLater

LOOK_S = 5.0  # seconds between two looks at the board
LONGEST_PAUSE_S = 3600.0  # seconds; a camera that was unplugged for good is not looked for all day long

log = logging.getLogger(__name__)


class Search(Protocol):
    """Asks the network which cameras there are."""

    async def __call__(self, missing: Mapping[str, str]) -> Mapping[str, str]:
        """Where each of these cameras (with its last address) announces itself; those that are found."""
        ...


class AddressBook(Protocol):
    """Keeps addresses over restarts."""

    async def remember(self, camera: str, host: str) -> None: ...


async def locate_forever(
    where: Mapping[str, Whereabouts],
    search: Search,
    book: AddressBook,
    board: Board,
    clock: Clock,
) -> None:
    """Search when a camera is missed, all that are missed at once; ever more seldom while that is in vain."""
    missed_since: dict[str, float] = {}
    again_at, in_vain = 0.0, 0
    while True:
        await clock.sleep(LOOK_S)
        now = clock.monotonic()
        missing = _missing(where, board, missed_since, now)
        if not missing:
            in_vain = 0
            continue
        if in_vain and now < again_at:
            continue
        moved = await _move(await _found(search, missing), where, book)
        in_vain = 0 if moved else in_vain + 1
        again_at = clock.monotonic() + min(SEARCH_EVERY_S * 2 ** max(in_vain - 1, 0), LONGEST_PAUSE_S)


def _missing(
    where: Mapping[str, Whereabouts], board: Board, since: dict[str, float], now: float
) -> dict[str, str]:
    """The cameras that have not answered for a while, with their addresses; `since` is kept up to date."""
    for camera in where:
        if board.states[camera].state is State.UNREACHABLE:
            since.setdefault(camera, now)
        else:
            since.pop(camera, None)
    return {camera: where[camera].host for camera, began in since.items() if now - began >= MISSED_S}


async def _found(search: Search, missing: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return await search(missing)
    except TryLater as error:
        log.warning("looking for cameras failed: %s", error)
        return {}


async def _move(found: Mapping[str, str], where: Mapping[str, Whereabouts], book: AddressBook) -> int:
    """How many are somewhere else now. One that announces itself where it was is not helped by searching."""
    moved = 0
    for camera, host in found.items():
        before = where[camera].host
        if where[camera].moved(host):
            log.info("camera %s has another address now: %s, no longer %s", camera, host, before)
            await book.remember(camera, host)
            moved += 1
    return moved
