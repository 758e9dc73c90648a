"""Threads that the store owns, so that no disk ever holds up the event loop; foreign errors become ours."""

import asyncio
import errno
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from backsight_agent.adapters.store.files import Media
from backsight_agent.ports import StoreFailed, StoreFull

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FILE_THREADS = 4  # one slow write must not hold up the other cameras
_END_S = 30.0  # seconds; a disk that takes longer is left behind
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA busy_timeout = 5000;
PRAGMA cache_size = -4096;
PRAGMA journal_size_limit = 16777216;
"""


class FileThreads:
    """Runs blocking file work; joined by `close`. `full` is set when it found no room.

    While the last room is needed for noting what is to go, `hold_writes` keeps recordings from taking it.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_FILE_THREADS, "store-file")
        self.full = asyncio.Event()
        self._held = False

    @contextmanager
    def hold_writes(self) -> Iterator[None]:
        """While inside, `refuse_held` raises."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    def refuse_held(self) -> None:
        """Raises StoreFull while writes are held."""
        if self._held:
            raise StoreFull("The disk is full: room is being made on it")

    async def run(self, work: Callable[[], T], about: Path) -> T:
        """The result of work on this file. Raises StoreFull or StoreFailed, which name it."""
        try:
            return await _ended(self._pool, lambda: _naming(about, work))
        except StoreFull:
            self.full.set()
            raise

    async def read(self, path: Path, media: Media) -> bytes:
        """A file's content, wherever it is. Raises FileNotFoundError when it is nowhere, else as `run`."""
        content = await self.run(lambda: _read(media.there(path)), path)
        if content is None and media.troubles:
            raise StoreFailed(next(iter(media.troubles.values())))
        if content is None:
            raise FileNotFoundError(f"{path} is not there (any more)")
        return content

    def close(self) -> None:
        self._pool.shutdown()


class Index:
    """The database, behind one thread that alone touches it."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path, self._read_only = path, read_only
        self._thread = ThreadPoolExecutor(1, "store-index")
        self._db: sqlite3.Connection | None = None
        self.trouble: str | None = None  # why nothing can be asked now
        self.suspect = False  # something failed that must not; it is looked at soon
        self.full = asyncio.Event()  # set when it found no room

    async def open(self) -> None:
        """Connect. Raises StoreFull or StoreFailed."""
        await self._run(self._connect)

    async def reopen(self, ready: Work[T]) -> T:
        """Connect anew, as at the beginning, and make ready: whoever asks meanwhile waits for that."""
        return await self.reopen_after(lambda: None, ready)

    async def reopen_after(self, between: Callable[[], None], ready: Work[T]) -> T:
        """As `reopen`; `between` is done while nothing is connected."""

        def in_thread() -> T:
            self._disconnect()
            between()
            self._connect()
            return ready(self._open())

        return await self._run(in_thread)

    async def read(self, work: Work[T]) -> T:
        """Ask something, or do what makes its own transactions."""
        return await self._run(lambda: work(self._connected()))

    async def change(self, work: Work[T], committed: Callable[[T], None] | None = None) -> T:
        """Do something in one transaction; `committed` hears of it in the same thread."""

        def in_thread() -> T:
            with transaction(self._connected()) as db:
                result = work(db)
            if committed is not None:
                committed(result)
            return result

        return await self._run(in_thread)

    async def close(self) -> None:
        """Let what was begun end, and close."""
        try:
            await self._run(self._disconnect)
        finally:
            self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await _ended(self._thread, work)
        except StoreFailed:
            self.suspect = True
            raise
        except StoreFull:
            self.full.set()
            raise

    def _connect(self) -> None:
        mode = "ro" if self._read_only else "rwc"
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        self._db = sqlite3.connect(address, uri=True, isolation_level=None)
        if not self._read_only:
            self._path.chmod(0o600)  # its journals take over its mode
            self._db.executescript(_PRAGMAS)

    def _disconnect(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _connected(self) -> sqlite3.Connection:
        if self.trouble is not None:
            raise StoreFailed(self.trouble)
        return self._open()

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreFailed("The index is not open")
        return self._db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


async def _ended(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    """The work's result. A cancelled caller waits for the end of what is begun: nobody meets it half done."""
    future = asyncio.get_running_loop().run_in_executor(pool, _translated, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future], timeout=_END_S)
        if future.done():
            future.exception()
        raise


def _translated(work: Callable[[], T]) -> T:
    try:
        return work()
    except OSError as error:
        raise file_error(error) from error
    except sqlite3.Error as error:
        raise _index_error(error) from error


def _naming(path: Path, work: Callable[[], T]) -> T:
    """What fails on a descriptor does not know the name of its file."""
    try:
        return work()
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def file_error(error: OSError) -> StoreFull | StoreFailed:
    """Our error for the system's, naming the file."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in _FULL:
        return StoreFull(f"The disk is full{where}: make room on it")
    return StoreFailed(f"The disk does not do what it must: {error.strerror or error}{where}")


def is_damage(error: BaseException | None) -> bool:
    """Whether the database itself is broken, not only out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _index_error(error: sqlite3.Error) -> StoreFull | StoreFailed:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return StoreFull("The disk is full (agent.db): make room on it")
    return StoreFailed(f"The index agent.db does not do what it must: {error}")
