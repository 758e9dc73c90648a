"""Where the cameras stand in line for their turns to send a batch; whose is next, the rule decides."""

import asyncio
from collections.abc import Callable

from backsight_agent.domain.upload_order import Ask, Order, Turn


class Line:
    """Lets as many batches be under way as `at_once` says at that moment; one of each camera at most."""

    def __init__(self, at_once: Callable[[], int]) -> None:
        self._at_once = at_once
        self._order = Order()
        self._asks: dict[str, tuple[Ask, asyncio.Future[Turn]]] = {}
        self._under_way: set[str] = set()  # cameras

    async def turn(self, ask: Ask, changed: asyncio.Event) -> Turn | None:
        """Wait for this camera's turn, which lasts until it asks again or leaves.

        Its turn before ends here and not sooner: the others' and what it asks for now are weighed together.
        None when `changed` came first: then it may want to ask for something else.
        """
        given: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._asks[ask.camera] = ask, given
        self._under_way.discard(ask.camera)
        self._give()
        changing = asyncio.ensure_future(changed.wait())
        try:
            await asyncio.wait((given, changing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            changing.cancel()
            self._asks.pop(ask.camera, None)
        return given.result() if given.done() else None

    def leave(self, camera: str) -> None:
        """The camera's turn has ended, and it does not ask for another now."""
        self._under_way.discard(camera)
        self._give()

    def _give(self) -> None:
        while self._asks and len(self._under_way) < self._at_once():
            ask, turn, self._order = self._order.next([ask for ask, _ in self._asks.values()])
            _, given = self._asks.pop(ask.camera)
            given.set_result(turn)
            self._under_way.add(ask.camera)
