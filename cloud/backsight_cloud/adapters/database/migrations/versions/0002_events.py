"""What hubs and cameras noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), primary_key=True),
        sa.Column("start_ms", sa.BigInteger(), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("origin", sa.Text(), primary_key=True),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
