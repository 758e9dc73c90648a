"""Database and media folders carry one identity and refuse to meet a stranger.

A full index beside an empty folder is a disk that is not mounted; two identities are two histories. Nothing
is deleted on such doubt. An index that is new beside a full folder is one that was lost: it is made anew from
the files (rebuilding.py).
"""

import sqlite3
from pathlib import Path
from secrets import token_hex

from backsight_agent.adapters.store.files import CAMERA_FOLDER, Steps, make_folder, write_durably
from backsight_agent.adapters.store.threads import transaction
from backsight_agent.ports import StoreFailed

FILE = "identity"  # in each media folder
_META = "identity"
_ROOT = "media:"  # meta: a folder beside the first that was written into; its path behind
_LENGTH = 32  # hex digits


def settle_identity(db: sqlite3.Connection, media: Path, steps: Steps) -> str:
    """What index and first media folder call themselves, introduced to each other where one of them is new.

    Raises StoreFailed when they are strangers.
    """
    ours, theirs = _of_database(db), identity_of(media)
    if ours is not None and ours == theirs:
        return ours
    if _database_has_content(db) or (theirs is None and _media_has_content(media)) or theirs == _UNREADABLE:
        raise StoreFailed(_stranger(ours, theirs, db, media))
    identity = theirs or token_hex(_LENGTH // 2)
    _write(db, _META, identity)
    steps("identity in database")
    introduce(media, identity, steps)
    return identity


def settle_root(db: sqlite3.Connection, root: Path, identity: str, steps: Steps) -> str | None:
    """A further folder: introduced when it is new and empty; else why it may not be used."""
    theirs, known = identity_of(root), is_known(db, root)
    if theirs == identity or (theirs is None and not known and not _media_has_content(root)):
        introduce(root, identity, steps)
        _write(db, _ROOT + str(root), identity)
        return None
    return why_absent(root, identity)


def why_absent(root: Path, identity: str) -> str | None:
    """Why a folder of ours cannot be used now, in a sentence; None when it can."""
    try:
        theirs = identity_of(root)
    except OSError as error:
        return f"The disk at {root} does not answer ({error.strerror}): look at its cable and its health"
    if theirs is None:
        return f"The disk at {root} is not there: mount it. Nothing was deleted"
    if theirs != identity:
        return f"The disk at {root} is another one ({_short(theirs)}): mount the one with {_short(identity)}"
    return None


def introduce(root: Path, identity: str, steps: Steps) -> None:
    """Write the identity into a folder that does not have it."""
    if identity_of(root) != identity:
        make_folder(root)
        write_durably(root / FILE, identity.encode() + b"\n", steps)


def is_known(db: sqlite3.Connection, root: Path) -> bool:
    """Whether a further folder was written into before."""
    return db.execute("SELECT 1 FROM meta WHERE name = ?", (_ROOT + str(root),)).fetchone() is not None


def roots_in(db: sqlite3.Connection) -> list[Path]:
    """Every further folder that was ever written into."""
    rows = db.execute("SELECT name FROM meta WHERE name GLOB ? ORDER BY name", (_ROOT + "*",))
    return [Path(name.removeprefix(_ROOT)) for (name,) in rows]


def identity_of(root: Path) -> str | None:
    """What a folder calls itself; None when it says nothing."""
    try:
        text = (root / FILE).read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return text if len(text) == _LENGTH else _UNREADABLE


_UNREADABLE = "unreadable"


def _write(db: sqlite3.Connection, name: str, value: str) -> None:
    with transaction(db):
        db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def _stranger(ours: str | None, theirs: str | None, db: sqlite3.Connection, media: Path) -> str:
    (file,) = [name for _, schema, name in db.execute("PRAGMA database_list") if schema == "main"]
    return (
        f"The index {file} ({_short(ours)}) and the media folder {media} ({_short(theirs)}) do not belong"
        " together. Nothing was changed. Mount the disk or put back the agent.db that belongs to it;"
        " or, to begin anew, move both of them elsewhere"
    )


def _short(identity: str | None) -> str:
    return "without an identity" if identity is None else f"identity {identity[:8]}"


def _of_database(db: sqlite3.Connection) -> str | None:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (_META,)).fetchone()
    return None if row is None else str(row[0])


def _database_has_content(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM run UNION ALL SELECT 1 FROM garbage LIMIT 1").fetchone() is not None


def _media_has_content(media: Path) -> bool:
    """A new disk may have folders of its own (lost+found): ours are named by cameras."""
    return media.is_dir() and any(CAMERA_FOLDER.fullmatch(entry.name) for entry in media.iterdir())
