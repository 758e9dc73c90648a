"""The browsers that an account is signed in with: seen by their owner, and ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from backsight_cloud.domain.records import Session
from backsight_cloud.domain.secret_tokens import hash_of
from backsight_cloud.ports import Database
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention


class NoSuchSession(NeedsAttention):
    """The account has no such session, or no longer."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session, and whether it is the one that asks."""

    session: Session
    current: bool


class Sessions:
    """For their owners."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, account: str, secret: str = "") -> Sequence[SessionView]:
        """Those that last, the one that was used last first."""
        now_ms, current = self._clock.now_ms(), hash_of(secret)
        async with self._database.read() as tx:
            found = await tx.people.sessions(account)
        return [SessionView(s, s.token_hash == current) for s in found if s.expires_ms > now_ms]

    async def end(self, account: str, session_id: str) -> None:
        """Raises NoSuchSession, also for another account's."""
        async with self._database.begin() as tx:
            if not await tx.people.end_session_of(account, session_id):
                raise NoSuchSession("there is no such session (any more)")

    async def end_all(self, account: str, but: str = "") -> int:
        """Sign out everywhere, or but here: `but` is the secret of this session. How many ended."""
        async with self._database.begin() as tx:
            if not but:
                await tx.tokens.drop(account)  # a sign-in that is half done is one, too
            return await tx.people.end_sessions(account, hash_of(but) if but else "")
