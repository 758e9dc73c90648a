"""The preloaded library remembers all that a process does to the files of its folder, and SQLite in it."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from faulting.disk import Disk, Fate, Model, PowerCut
from faulting.shims import NoCompiler, built
from faulting.write_log import Did, Record, records_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

PROGRAM = """
import ctypes, os, sqlite3, sys
root, log, notes = sys.argv[1:]
assert ctypes.CDLL(None).faulting_record(root.encode(), log.encode(), notes.encode()) == 0
said = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.mkdir(root + "/f")
with open(root + "/f/a.part", "wb") as file:
    file.write(b"hello ")
    file.write(b"world")
os.rename(root + "/f/a.part", root + "/f/a")
db = sqlite3.connect(root + "/x.db", isolation_level=None)
db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n)")
for n in range(50):
    db.execute("INSERT INTO t VALUES (?)", (n,))
os.write(said, b"fifty\\n")
os.unlink(root + "/f/a")
os._exit(0)
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Disk, list[Record], Path]:
    folder = tmp_path_factory.mktemp("recorded")
    try:
        library = built("writes", folder)
    except NoCompiler as error:
        pytest.skip(str(error))
    root, log = folder / "disk", folder / "log"
    root.mkdir()
    disk = Disk(root)
    program = [sys.executable, "-c", PROGRAM, str(root), str(log), str(folder / "notes")]
    subprocess.run(program, check=True, env={**os.environ, "LD_PRELOAD": str(library)}, timeout=30)
    records = records_in([log])
    for record in records:
        if record.did is not Did.NOTE:
            disk.take(record)
    return disk, records, folder


def test_kept_whole_it_is_the_folder_itself(recorded: tuple[Disk, list[Record], Path]) -> None:
    disk, _, folder = recorded

    PowerCut(disk, Model.POSIX, Fate.KEPT, random.Random(1)).lay_out(folder / "kept")
    for path in (folder / "disk").rglob("*"):
        if path.is_file() and not path.name.endswith("-shm"):
            assert (folder / "kept" / path.relative_to(folder / "disk")).read_bytes() == path.read_bytes()


def test_every_change_of_a_name_is_in_it(recorded: tuple[Disk, list[Record], Path]) -> None:
    _, records, _ = recorded
    names = [(one.did, Path(one.name).name) for one in records if one.name and "x.db" not in one.name]
    assert names == [
        (Did.MAKE_FOLDER, "f"),
        (Did.CREATE, "a.part"),
        (Did.RENAME, "a.part"),
        (Did.UNLINK, "a"),
    ]


def test_what_a_process_says_is_in_its_place(recorded: tuple[Disk, list[Record], Path]) -> None:
    _, records, _ = recorded
    said = next(number for number, one in enumerate(records) if one.did is Did.NOTE)
    assert records[said].data == b"fifty\n"
    assert records[said + 1].did is Did.UNLINK


def test_fifty_commits_are_fifty_syncs_and_more(recorded: tuple[Disk, list[Record], Path]) -> None:
    _, records, _ = recorded
    assert sum(one.did is Did.SYNC for one in records) >= 50
