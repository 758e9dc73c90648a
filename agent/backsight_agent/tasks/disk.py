"""Watches the disks: one that is gone, exchanged or damaged is said, and taken up again when it is back.

While all is well, it sees bit by bit whether the index and the files agree.
"""

import logging
from contextlib import suppress

from backsight_agent.disk_ports import Disks
from backsight_agent.domain.states import Board
from backsight_agent.ports import StoreFailed, StoreFull
from backsight_shared.clock import Clock

LOOK_S = 5.0  # seconds; a recording that waits for its disk waits in memory meanwhile

log = logging.getLogger(__name__)


async def watch_disks_forever(disks: Disks, board: Board, clock: Clock) -> None:
    """Look for ever."""
    shown: tuple[str, ...] = ()
    while True:
        troubles = tuple(await disks.look())
        for number, text in enumerate(troubles):
            board.set_problem(f"disk:{number}", text)
        for number in range(len(troubles), len(shown)):
            board.set_problem(f"disk:{number}", None)
        for text in (text for text in troubles if text not in shown):
            log.error("%s", text)
        if shown and not troubles:
            log.warning("the disks are as they should be again")
        shown = troubles
        if not troubles:
            with suppress(StoreFailed, StoreFull):  # the next look says what it is
                await disks.audit()
        await clock.sleep(LOOK_S)
