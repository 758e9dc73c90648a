"""How a service keeps its answer in the very transaction of its effect, whoever asked.

A request with an `Idempotency-Key` hands a `Remember` in; commands and workers, which nobody repeats by a
key, hand `forgetful` in.
"""

from typing import Protocol

from backsight_cloud.ports import Database, Transaction
from backsight_shared.clock import Clock

KEPT_MS = 30 * 24 * 3_600_000  # that long the same key gives the same answer
TIDY_EVERY_S = 3600.0


class Remember(Protocol):
    """Keeps the answer."""

    async def __call__(self, tx: Transaction, status: int, body: object) -> None:
        """The HTTP status and the JSON body that will be given again. Raises ClaimLost, which undoes `tx`."""
        ...


async def forgetful(tx: Transaction, status: int, body: object) -> None:
    """Keeps nothing."""


async def forget_answers_forever(database: Database, clock: Clock) -> None:
    """Keys that are older than we promise may be used anew."""
    while True:
        async with database.begin() as tx:
            await tx.answers.forget_claimed_before(clock.now_ms() - KEPT_MS)
        await clock.sleep(TIDY_EVERY_S)
