"""Brings a database to the shape that this version needs, once, whichever process comes first."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from backsight_shared.errors import NeedsAttention

HEAD = "0008"  # the newest file in migrations/versions


class NewerDatabase(NeedsAttention):
    """The database was made by a version of the service that we do not know."""


async def migrate(writer: AsyncEngine) -> None:
    """Apply what is missing, in one transaction; a second process waits and finds nothing to do."""
    async with writer.begin() as connection:
        if await connection.run_sync(_version) != HEAD:
            await connection.run_sync(_upgrade)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # a third of a second that only a migration needs
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "backsight_cloud.adapters.database:migrations")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerDatabase(
            "the database belongs to a newer version of backsight-cloud: install that version again"
        ) from error
