"""The tables of billing. An account is the fold of its events; the rest is what follows from them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from backsight_cloud.adapters.database.tables import METADATA

CARE = Table(
    "care",
    METADATA,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("standing", Text, nullable=False),  # "plus/active=2 premium/trial=1": to be counted by
    Column("state", Text, nullable=False),
    Column("due_ms", BigInteger),
    Column("lease_until_ms", BigInteger, nullable=False),
)
Index("care_by_due", CARE.c.due_ms)
Index("care_by_standing", CARE.c.standing)

CARE_EVENT = Table(
    "care_event",
    METADATA,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("request", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("care_event_by_request", CARE_EVENT.c.request)

CUSTOMER = Table(
    "customer",
    METADATA,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("customer", Text, nullable=False),
)
Index("customer_by_name", CUSTOMER.c.provider, CUSTOMER.c.customer)

PAYMENT_ORDER = Table(
    "payment_order",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("cents", BigInteger, nullable=False),
    Column("of", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("charge", Text),  # the provider's name for it
    Column("answered_ms", BigInteger),
    Column("next_ms", BigInteger),  # NULL once it is answered
)
Index("payment_order_by_next", PAYMENT_ORDER.c.next_ms)
Index("payment_order_by_account", PAYMENT_ORDER.c.account)
Index("payment_order_by_asked", PAYMENT_ORDER.c.asked_ms)
Index("payment_order_by_charge", PAYMENT_ORDER.c.charge)

ENTRY = Table(
    "entry",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("order_key", Text, nullable=False),
)
Index("entry_by_account", ENTRY.c.account)
Index("entry_by_order", ENTRY.c.order_key)

POSTING = Table(
    "posting",
    METADATA,
    Column("entry", Integer, ForeignKey("entry.id"), primary_key=True),
    Column("book", Text, primary_key=True),
    Column("cents", BigInteger, nullable=False),
)

DOCUMENT = Table(
    "document",
    METADATA,
    Column("number", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("place", BigInteger, nullable=False),  # counts all documents: their order
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
Index("document_by_account", DOCUMENT.c.account, DOCUMENT.c.place)

COUNTER = Table(
    "counter",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

HOOK_EVENT = Table(
    "hook_event",
    METADATA,
    Column("event", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
