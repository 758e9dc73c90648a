"""Mail that is to be sent, once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("own_address", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("wanted_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("settled_ms", sa.BigInteger()),
        sa.Column("trouble", sa.Text(), nullable=False),
    )
    op.create_index("outbox_by_due", "outbox", ["state", "due_ms"])
    op.create_index("outbox_by_account", "outbox", ["account", "at_ms"])
    op.create_index("outbox_by_time", "outbox", ["at_ms", "id"])
    op.create_table(
        "unsubscribed",
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
    )
