"""What accounts pay for: events, states, money."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _make_care()
    _make_care_event()
    _make_customer()
    _make_payment_order()
    _make_entry()
    _make_posting()
    _make_document()
    _make_counter()
    _make_hook_event()


def _make_care() -> None:
    op.create_table(
        "care",
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_ms", sa.BigInteger()),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("care_by_due", "care", ["due_ms"])
    op.create_index("care_by_standing", "care", ["standing"])


def _make_care_event() -> None:
    op.create_table(
        "care_event",
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("care_event_by_request", "care_event", ["request"])


def _make_customer() -> None:
    op.create_table(
        "customer",
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), primary_key=True),
        sa.Column("provider", sa.Text(), primary_key=True),
        sa.Column("customer", sa.Text(), nullable=False),
    )
    op.create_index("customer_by_name", "customer", ["provider", "customer"])


def _make_payment_order() -> None:
    op.create_table(
        "payment_order",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("charge", sa.Text()),
        sa.Column("answered_ms", sa.BigInteger()),
        sa.Column("next_ms", sa.BigInteger()),
    )
    op.create_index("payment_order_by_next", "payment_order", ["next_ms"])
    op.create_index("payment_order_by_account", "payment_order", ["account"])
    op.create_index("payment_order_by_asked", "payment_order", ["asked_ms"])
    op.create_index("payment_order_by_charge", "payment_order", ["charge"])


def _make_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
    )
    op.create_index("entry_by_account", "entry", ["account"])
    op.create_index("entry_by_order", "entry", ["order_key"])


def _make_posting() -> None:
    op.create_table(
        "posting",
        sa.Column("entry", sa.Integer(), sa.ForeignKey("entry.id"), primary_key=True),
        sa.Column("book", sa.Text(), primary_key=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
    )


def _make_document() -> None:
    op.create_table(
        "document",
        sa.Column("number", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("document_by_account", "document", ["account", "place"])


def _make_counter() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )


def _make_hook_event() -> None:
    op.create_table(
        "hook_event",
        sa.Column("event", sa.Text(), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )
