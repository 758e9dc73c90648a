"""One database file serves several processes, keeps what was committed, and follows this version's shape."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from backsight_cloud.adapters.database.engines import make_engines
from backsight_cloud.adapters.database.errors import DatabaseDamaged, NoFolder
from backsight_cloud.adapters.database.migrate import HEAD, NewerDatabase
from backsight_cloud.adapters.database.opening import SqlDatabase, open_database
from backsight_cloud.adapters.database.tables import METADATA
from backsight_cloud.domain.records import Erasure
from backsight_cloud.ports import DatabaseUnavailable
from fakes.household import HUB, an_account, move_in

COUNT_UP = """
import asyncio, sys
from backsight_cloud.adapters.database.opening import open_database

async def main():
    async with open_database(sys.argv[1]) as database:
        for _ in range(int(sys.argv[2])):
            async with database.begin() as tx:
                await tx.hubs.next_serial(sys.argv[3])

asyncio.run(main())
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/cloud.db"


async def test_the_migrations_make_exactly_the_tables_of_this_version(url: str, tmp_path: Path) -> None:
    async with open_database(url):
        pass
    engine = create_engine(f"sqlite:///{tmp_path}/cloud.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)
        made = {row[0] for row in connection.exec_driver_sql("SELECT sql FROM sqlite_master")}
    engine.dispose()
    assert differences == []
    assert sum("WITHOUT ROWID" in (sql or "") for sql in made) == 11


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    config = Config()
    config.set_main_option("script_location", "backsight_cloud.adapters.database:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


async def test_the_ledger_of_an_older_version_is_kept(url: str, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/cloud.db")
    line = "'74fece010203', 'expired', 5, 'anna', 1, 2, 3, 4, 5"
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "backsight_cloud.adapters.database:migrations")
        command.upgrade(config, "0002")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(f"INSERT INTO erasure VALUES ({line})")
    engine.dispose()
    async with open_database(url) as database, database.read() as tx:
        kept = await tx.footage.erasures("anna", "74fece010203", 9)
    assert kept == [Erasure("74fece010203", "anna", 1, "expired", 2, 3, 4, 5)]


async def test_opening_again_keeps_everything(url: str) -> None:
    async with open_database(url) as database:
        await move_in(database)
    async with open_database(url) as database, database.read() as tx:
        assert len(await tx.people.accounts()) == 2


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str, tmp_path: Path) -> None:
    async with open_database(url) as database:
        await move_in(database)
    with sqlite3.connect(tmp_path / "cloud.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match="newer version"):
        async with open_database(url):
            pass
    with sqlite3.connect(tmp_path / "cloud.db") as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone() == (2,)


async def test_a_file_that_is_no_database_is_an_error_of_ours(url: str, tmp_path: Path) -> None:
    before = threading.active_count()
    (tmp_path / "cloud.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseDamaged, match="not a database"):
        async with open_database(url):
            pass
    async with asyncio.timeout(5):
        while threading.active_count() > before:  # the driver's thread would keep the process alive
            await asyncio.sleep(0.01)


async def test_a_folder_that_is_missing_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(NoFolder, match="missing does not exist"):
        async with open_database(f"sqlite+aiosqlite:///{tmp_path}/missing/cloud.db"):
            pass


async def test_everything_committed_survives_a_power_cut(url: str) -> None:
    async with open_database(url):
        engines = make_engines(url)
        async with engines.writer.connect() as connection:
            assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar() == 2  # FULL
            assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
            assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar() == 1
        await engines.close()


async def test_a_writer_that_waits_too_long_says_try_later(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backsight_cloud.adapters.database.engines.BUSY_S", 0.1)
    async with open_database(url) as database, open_database(url) as other, other.begin() as held:
        await held.people.add_account(an_account())
        with pytest.raises(DatabaseUnavailable, match="locked"):
            async with database.begin():
                pass


async def test_without_a_free_connection_it_says_try_later(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backsight_cloud.adapters.database.engines.QUEUE_S", 0.1)
    async with open_database(url) as database, database.begin():
        with pytest.raises(DatabaseUnavailable, match="too busy"):
            async with database.begin():
                pass


async def test_more_tasks_than_connections_wait_their_turn(url: str) -> None:
    async with open_database(url) as database:
        await move_in(database)
        await asyncio.gather(*(_count_accounts(database) for _ in range(40)))


async def _count_accounts(database: SqlDatabase | object) -> None:
    assert isinstance(database, SqlDatabase)
    async with database.read() as tx:
        assert len(await tx.people.accounts()) == 2


async def test_a_task_that_is_cancelled_in_a_transaction_leaves_the_database_usable(url: str) -> None:
    async with open_database(url) as database:
        await move_in(database)
        entered = asyncio.Event()

        async def hang() -> None:
            async with database.begin() as tx:
                await tx.hubs.next_serial(HUB)
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await entered.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.begin() as tx:
            assert await tx.hubs.next_serial(HUB) == 1


@pytest.mark.slow
async def test_several_processes_that_open_a_new_database_at_once_make_it_once(url: str) -> None:
    commands = [[sys.executable, "-c", COUNT_UP, url, "0", HUB] for _ in range(6)]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
    ended = [(child.communicate(timeout=30)[1], child.returncode) for child in children]
    assert [code for _, code in ended] == [0] * 6, ended
    async with open_database(url) as database:
        await move_in(database)


@pytest.mark.slow
async def test_several_processes_lose_no_update(url: str) -> None:
    async with open_database(url) as database:
        await move_in(database)
    children = [subprocess.Popen([sys.executable, "-c", COUNT_UP, url, "50", HUB]) for _ in range(4)]
    assert [child.wait(timeout=30) for child in children] == [0] * 4
    async with open_database(url) as database, database.read() as tx:
        hub = await tx.hubs.hub(HUB)
        assert hub is not None
        assert hub.serial == 200
