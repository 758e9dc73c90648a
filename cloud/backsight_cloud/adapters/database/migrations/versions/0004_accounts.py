"""Accounts as people use them: confirmed addresses, second factors, roles, shared cameras."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _extend_account()
    _extend_session()
    _make_token()
    _make_second_factor()
    _make_sharing()


def _extend_account() -> None:
    """Until now an operator made each account, and vouches for its address."""
    op.add_column("account", sa.Column("role", sa.Text(), nullable=False, server_default="owner"))
    for name in ("confirmed_ms", "password_changed_ms", "closing_ms", "closed_ms"):
        op.add_column("account", sa.Column(name, sa.BigInteger()))
    op.execute("UPDATE account SET confirmed_ms = created_ms")


def _extend_session() -> None:
    """Who is signed in stays so. Half of the hash of 256 random bits may be shown: it tells nothing."""
    op.add_column("session", sa.Column("id", sa.Text(), nullable=False, server_default=""))
    op.add_column("session", sa.Column("seen_ms", sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("browser", "address"):
        op.add_column("session", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE session SET id = substr(token_hash, 1, 16), seen_ms = created_ms")
    op.create_index("session_by_account", "session", ["account"])


def _make_token() -> None:
    op.create_table(
        "token",
        sa.Column("token_hash", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
    )
    op.create_index("token_by_account", "token", ["account"])


def _make_second_factor() -> None:
    op.create_table(
        "second_factor",
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("confirmed_ms", sa.BigInteger()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
    )
    op.create_index("recovery_code_by_account", "recovery_code", ["account"])


def _make_sharing() -> None:
    op.create_table(
        "share",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), nullable=False),
        sa.Column("viewer", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("camera", "viewer", name="share_once"),
    )
    op.create_index("share_by_viewer", "share", ["viewer"])
    op.create_table(
        "invitation",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("camera", "email", name="invited_once"),
    )
    op.create_index("invitation_by_email", "invitation", ["email"])
