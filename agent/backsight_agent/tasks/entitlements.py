"""Follows the cloud's entitlements: checks each document, keeps it durably, then obeys it.

A document that is not signed by our cloud, not for this hub, or not newer than what is held changes nothing
and is reported. A retained document may be old, so its time is only a moment that has passed: the clock is
confirmed by the cloud's HTTPS answers.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from backsight_agent.domain.holding import Accepted, Held, HeldEntitlement, Refused
from backsight_agent.domain.states import Board
from backsight_agent.ports import CloudLink, CloudUnavailable, Vault
from backsight_shared.clock import Clock
from backsight_shared.entitlement import Entitlement, from_claims
from backsight_shared.errors import Malformed, NeedsAttention
from backsight_shared.signing import BadSignature, verify_entitlement

OLD_AFTER_MS = 86_400_000  # a document older than a day is asked for anew
ASK_AGAIN_S = 600.0  # seconds; between two askings on one connection
LOOK_S = 5.0  # seconds; how often it is seen whether the connection or the document's age changed

PROBLEM = "entitlement"

log = logging.getLogger(__name__)


class LearnsPassedTime(Protocol):
    """Who is told that a moment has passed."""

    def at_least(self, passed_ms: int) -> None: ...


async def follow_entitlements(
    link: CloudLink, vault: Vault, held: HeldEntitlement, time: LearnsPassedTime, board: Board, clock: Clock
) -> None:
    """Obey what is kept, then every newer document, for ever."""
    follower = _Follower(vault, held, time, board)
    await follower.obey_stored()
    async with asyncio.TaskGroup() as both:
        both.create_task(_pull_forever(link, held, clock), name="pull")
        both.create_task(_read_forever(link, follower), name="documents")


async def _read_forever(link: CloudLink, follower: "_Follower") -> None:
    async for document in link.documents():
        await follower.receive(document)


async def _pull_forever(link: CloudLink, held: HeldEntitlement, clock: Clock) -> None:
    """Ask at each connection, and whenever what is held is a day old."""
    while True:
        await link.connected.wait()
        asked = _Asked(held, clock)
        while link.connected.is_set():
            if asked.is_due():
                await asked.ask(link)
            await clock.sleep(LOOK_S)


class _Asked:
    """When a fresh document was asked for, on one connection."""

    def __init__(self, held: HeldEntitlement, clock: Clock) -> None:
        self._held = held
        self._clock = clock
        self._asked_at: float | None = None

    def is_due(self) -> bool:
        if self._asked_at is None:
            return True
        return self._clock.monotonic() - self._asked_at >= ASK_AGAIN_S and self._is_old()

    async def ask(self, link: CloudLink) -> None:
        """A connection that is lost meanwhile is asked again when it is back."""
        try:
            await link.pull(self._held.serial)
            self._asked_at = self._clock.monotonic()
        except CloudUnavailable as error:
            log.info("could not ask for a fresh entitlement: %s", error)

    def _is_old(self) -> bool:
        newest = self._held.newest
        return newest is None or self._clock.now_ms() - newest.issued_at_ms >= OLD_AFTER_MS


@dataclass(frozen=True)
class _Follower:
    """Takes documents in."""

    vault: Vault
    held: HeldEntitlement
    time: LearnsPassedTime
    board: Board

    async def obey_stored(self) -> None:
        """What was obeyed before the restart, checked again. What is damaged is reported and left out."""
        try:
            stored = await self.vault.load_document()
        except NeedsAttention as error:
            self._ignore(str(error))
            return
        for document in (stored or "").splitlines():
            offered = self._understood(document)
            if offered is not None and isinstance(self.held.accept(offered), Accepted):
                self._obey(Held(offered, document))

    async def receive(self, document: str) -> None:
        """A document from the link."""
        offered = self._understood(document)
        if offered is None:
            return
        verdict = self.held.accept(offered)
        if isinstance(verdict, Refused):
            self._ignore(verdict.reason)
        if isinstance(verdict, Accepted):
            newest = Held(offered, document)
            kept = self.held.with_newest(newest)
            await self.vault.save_document("\n".join(one.document for one in kept))
            self._obey(newest)
            self.board.set_problem(PROBLEM, None)

    def _understood(self, document: str) -> Entitlement | None:
        """The document's content when its signature is good and it makes sense."""
        try:
            return from_claims(verify_entitlement(document, self.held.keys))
        except (BadSignature, Malformed) as error:
            self._ignore(str(error))
            return None

    def _obey(self, newest: Held) -> None:
        self.held.obey(newest)
        self.time.at_least(newest.entitlement.cloud_time_ms)
        self.board.changed.set()
        log.info("obeying entitlement %d", newest.entitlement.serial)

    def _ignore(self, reason: str) -> None:
        log.warning("ignored: an entitlement, because %s", reason)
        self.board.set_problem(PROBLEM, f"An entitlement was ignored: {reason}")
