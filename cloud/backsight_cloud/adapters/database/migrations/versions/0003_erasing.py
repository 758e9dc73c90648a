"""What owners erased, cameras that left, objects said to be gone; a ledger that outlives its cameras."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_LINE = "camera, reason, hour, account, at_ms, from_ms, to_ms, count, size_bytes"


def upgrade() -> None:
    _make_erased_span()
    _make_unbound()
    _make_deleted()
    _free_the_ledger()


def _make_erased_span() -> None:
    op.create_table(
        "erased_span",
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), primary_key=True),
        sa.Column("from_ms", sa.BigInteger(), primary_key=True),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _make_unbound() -> None:
    op.create_table(
        "unbound",
        sa.Column("camera", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _make_deleted() -> None:
    op.create_table(
        "deleted",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("look_ms", sa.BigInteger(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("deleted_by_look", "deleted", ["look_ms"])


def _free_the_ledger() -> None:
    """The same table without its foreign key to the camera. SQLite cannot drop one: the rows move."""
    op.create_table(
        "erasure_kept",
        sa.Column("camera", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), primary_key=True),
        sa.Column("hour", sa.BigInteger(), primary_key=True),
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO erasure_kept ({_LINE}) SELECT {_LINE} FROM erasure")  # noqa: S608 - our own names
    op.drop_table("erasure")
    op.rename_table("erasure_kept", "erasure")
    op.create_index("erasure_by_account", "erasure", ["account", "at_ms"])
