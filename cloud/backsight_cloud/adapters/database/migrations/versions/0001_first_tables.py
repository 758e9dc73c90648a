"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _make_account()
    _make_garbage()
    _make_placed()
    _make_hub()
    _make_pairing_code()
    _make_session()
    _make_camera()
    _make_certificate()
    _make_publication()
    _make_erasure()
    _make_run()
    _make_segment()
    _make_window_step()


def _make_account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
    )


def _make_garbage() -> None:
    op.create_table(
        "garbage",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _make_placed() -> None:
    op.create_table(
        "placed",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("placed_by_age", "placed", ["since_ms"])


def _make_hub() -> None:
    op.create_table(
        "hub",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key_pem", sa.Text(), nullable=False),
        sa.Column("paired_ms", sa.BigInteger(), nullable=False),
        sa.Column("unpaired_ms", sa.BigInteger()),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("status_json", sa.Text(), nullable=False),
        sa.Column("status_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("hub_by_account", "hub", ["account"])


def _make_pairing_code() -> None:
    op.create_table(
        "pairing_code",
        sa.Column("code_hash", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger()),
    )


def _make_session() -> None:
    op.create_table(
        "session",
        sa.Column("token_hash", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("session_by_end", "session", ["expires_ms"])


def _make_camera() -> None:
    op.create_table(
        "camera",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("hub", sa.Text(), sa.ForeignKey("hub.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("hardware", sa.Text(), nullable=False),
        sa.Column("firmware", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("upload", sa.Text(), nullable=False),
        sa.Column("bound_ms", sa.BigInteger(), nullable=False),
        sa.Column("reached_ms", sa.BigInteger()),
    )
    op.create_index("camera_by_account", "camera", ["account"])
    op.create_index("camera_by_hub", "camera", ["hub"])


def _make_certificate() -> None:
    op.create_table(
        "certificate",
        sa.Column("serial", sa.Text(), primary_key=True),
        sa.Column("hub", sa.Text(), sa.ForeignKey("hub.id"), nullable=False),
        sa.Column("not_after_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("certificate_by_hub", "certificate", ["hub"])


def _make_publication() -> None:
    op.create_table(
        "publication",
        sa.Column("hub", sa.Text(), sa.ForeignKey("hub.id"), primary_key=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("claimed_ms", sa.BigInteger()),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("published_ms", sa.BigInteger()),
    )


def _make_erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), primary_key=True),
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
    op.create_index("erasure_by_account", "erasure", ["account", "at_ms"])


def _make_run() -> None:
    op.create_table(
        "run",
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), primary_key=True),
        sa.Column("run_ms", sa.BigInteger(), primary_key=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("init_bytes", sa.Integer(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _make_segment() -> None:
    op.create_table(
        "segment",
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), primary_key=True),
        sa.Column("start_ms", sa.BigInteger(), primary_key=True),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("run_ms", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("segment_by_end", "segment", ["camera", "end_ms"])


def _make_window_step() -> None:
    op.create_table(
        "window_step",
        sa.Column("camera", sa.Text(), sa.ForeignKey("camera.id"), primary_key=True),
        sa.Column("from_ms", sa.BigInteger(), primary_key=True),
        sa.Column("window_ms", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
