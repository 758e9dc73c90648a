"""Makes index and folders ready: at the beginning, and when a disk came back or the index proved damaged."""

import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from backsight_agent.adapters.store.activity import InUse
from backsight_agent.adapters.store.auditing import Auditor
from backsight_agent.adapters.store.base import Base
from backsight_agent.adapters.store.identity import identity_of, roots_in, settle_identity, settle_root
from backsight_agent.adapters.store.rebuilding import is_lost, note_complete, rebuild
from backsight_agent.adapters.store.recovery import recover
from backsight_agent.adapters.store.schema import ensure_schema
from backsight_agent.adapters.store.threads import is_damage
from backsight_agent.adapters.store.waiting import follow
from backsight_agent.ports import StoreFailed, StoreFull

_DAMAGED = ".damaged"  # behind the name of an index that was set aside
_JOURNALS = ("", "-wal", "-shm")
_REMAKING = "The index is made ready again"

log = logging.getLogger(__name__)


class StoredDisks:
    """Implements the port Disks."""

    def __init__(self, base: Base, folder: Path) -> None:
        self._base, self._folder = base, folder
        self._database = folder / "agent.db"
        self._seal: tuple[int, int] | None = None  # device and inode of the index that is open
        self._auditor = Auditor(base)
        self._remade = ""  # what is to be said of an index that was made anew

    async def open(self) -> None:
        """At the beginning. Raises StoreFailed or StoreFull; a further folder that is away does not."""
        index = self._base.index
        unclean, in_use = _was_left_open(self._database), self._base.activity.in_use()
        try:
            await index.reopen(lambda db: self._ready(db, in_use, unclean=unclean))
        except StoreFailed as error:
            if not is_damage(error.__cause__):
                raise
            self._refuse_without_files()
            await self._open_anew()

    async def _open_anew(self) -> None:
        in_use = self._base.activity.in_use()
        damaged = self._database.with_name(self._database.name + _DAMAGED)
        await self._base.index.reopen_after(
            self._set_aside, lambda db: self._ready(db, in_use, damaged=damaged)
        )

    async def audit(self) -> None:
        """See the port."""
        await self._auditor.audit_one()

    async def look(self) -> Sequence[str]:
        """See the port: what is wrong with the disks, a sentence each."""
        async with self._base.moving:
            return await self._look()

    async def _look(self) -> Sequence[str]:
        index, presence = self._base.index, self._base.presence
        try:
            if index.trouble or not await self._base.files.run(self._is_ours, self._folder):
                await self._bring_back()
            elif index.suspect:
                await self._probe()
            if await self._base.files.run(self._admit, self._folder):
                in_use = self._base.activity.in_use()
                await index.read(lambda db: self._recover(db, in_use))
        except (StoreFailed, StoreFull) as error:
            return [str(error), *presence.troubles.values()]
        return [*([self._remade] if self._remade else []), *presence.troubles.values()]

    async def _bring_back(self) -> None:
        """The index is not the one that is open: nothing is asked of it until it is ready again."""
        index = self._base.index
        index.trouble = f"The disk with {self._folder} is not there: mount it. Nothing was deleted"
        if not self._database.exists():
            raise StoreFailed(index.trouble)
        await self.open()
        index.trouble = None
        log.warning("%s is there again", self._folder)

    async def _probe(self) -> None:
        """After a failure: can the index be written, and is it whole?"""
        index = self._base.index
        index.suspect = False
        try:
            await index.change(lambda db: db.execute("INSERT OR REPLACE INTO meta VALUES ('probe', '')"))
        except StoreFailed as error:
            if not is_damage(error.__cause__):
                raise
            log.error("the index is damaged: %s", error)  # noqa: TRY400 - the text says it all
            index.trouble = _REMAKING
            await self._open_anew()
            index.trouble = None

    def _admit(self) -> bool:
        """Whether a folder came back just now."""
        back = [root for root in self._base.media.roots if self._base.presence.admit(root)]
        return bool(back)

    def _is_ours(self) -> bool:
        try:
            return _seal(self._database) == self._seal
        except OSError:
            return False

    def _ready(
        self, db: sqlite3.Connection, in_use: InUse, *, unclean: bool = False, damaged: Path | None = None
    ) -> None:
        """In the index's thread."""
        base = self._base
        if unclean:
            _refuse_damage(db)
        ensure_schema(db)
        base.presence.identity = settle_identity(db, base.media.root, base.steps)
        for root in roots_in(db):
            base.media.add_root(root)
        for root in base.media.roots[1:]:
            settle_root(db, root, base.presence.identity, base.steps)
        for root in base.media.roots:
            base.presence.admit(root)
        if is_lost(db, base.media):
            count = rebuild(db, base.media, damaged, base.clock.now_ms(), base.steps)
            self._remade = f"The index was lost and is made anew from {count} recorded segments"
        note_complete(db)
        self._recover(db, in_use)
        self._seal = _seal(self._database)

    def _recover(self, db: sqlite3.Connection, in_use: InUse) -> None:
        base = self._base
        recover(db, base.media, base.clock.now_ms(), base.steps, in_use)
        base.heads.load(db)
        follow(db)

    def _refuse_without_files(self) -> None:
        """A damaged index without its footage: that is on a disk that is not mounted, or nowhere."""
        root = self._base.media.root
        if identity_of(root) is None:
            raise StoreFailed(
                f"The index {self._database} is damaged, and {root} does not hold the footage from which it"
                " could be made anew. Mount the disk; or, to begin anew, move agent.db elsewhere"
            )

    def _set_aside(self) -> None:
        """A damaged index stays beside the new one: what it knew may be worth something."""
        for suffix in _JOURNALS:
            old = self._database.with_name(self._database.name + suffix)
            if old.exists():
                old.rename(old.with_name(self._database.name + _DAMAGED + suffix))
        log.error("%s is damaged and was set aside; it is made anew from the files", self._database)


def _seal(path: Path) -> tuple[int, int]:
    status = os.stat(path)  # noqa: PTH116 - looked at for ever
    return status.st_dev, status.st_ino


def _was_left_open(database: Path) -> bool:
    """After a clean end there is no journal: only after a crash the whole index is checked."""
    journal = database.with_name(database.name + "-wal")
    return journal.exists() and journal.stat().st_size > 0


def _refuse_damage(db: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError for an index whose pages do not fit together."""
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        error = sqlite3.DatabaseError(str(verdict))
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
