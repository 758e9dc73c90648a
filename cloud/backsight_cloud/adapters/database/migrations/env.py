"""Runs the migrations on the connection that `migrate.py` hands over, inside its transaction."""

from alembic import context

from backsight_cloud.adapters.database.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
