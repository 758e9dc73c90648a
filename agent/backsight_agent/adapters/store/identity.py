"""Database and media folder carry each other's identity and refuse to meet a stranger.

An empty database beside a full folder, or the other way round, is a disk that is not mounted or a backup
that was put back by half: nothing is deleted on such doubt, and nothing is begun either.
"""

import sqlite3
from pathlib import Path
from secrets import token_hex

from backsight_agent.adapters.store.files import CAMERA_FOLDER, Steps, make_folder, write_durably
from backsight_agent.adapters.store.threads import transaction
from backsight_agent.ports import StoreFailed

_META = "identity"
_LENGTH = 32  # hex digits


def check_identity(db: sqlite3.Connection, media: Path, steps: Steps) -> None:
    """Let the two know each other when both are new. Raises StoreFailed when they are strangers."""
    ours, theirs = _of_database(db), _of_media(media)
    if ours is not None and ours == theirs:
        return
    if _database_has_content(db) or _media_has_content(media):
        raise StoreFailed(_stranger(ours, theirs, db, media))
    _introduce(db, media, steps)


def _introduce(db: sqlite3.Connection, media: Path, steps: Steps) -> None:
    identity = token_hex(_LENGTH // 2)
    with transaction(db):
        db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (_META, identity))
    steps("identity in database")
    make_folder(media)
    write_durably(media / "identity", identity.encode() + b"\n", steps)


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


def _of_media(media: Path) -> str | None:
    try:
        text = (media / "identity").read_text(errors="replace").strip()
    except FileNotFoundError:
        return None
    return text if len(text) == _LENGTH else "unreadable"


def _database_has_content(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM run UNION ALL SELECT 1 FROM garbage LIMIT 1").fetchone() is not None


def _media_has_content(media: Path) -> bool:
    """A new disk may have folders of its own (lost+found): ours are named by cameras."""
    return media.is_dir() and any(CAMERA_FOLDER.fullmatch(entry.name) for entry in media.iterdir())
