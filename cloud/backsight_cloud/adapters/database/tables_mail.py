"""Tables of mail: what is to be sent or was, and what owners want no mail about."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from backsight_cloud.adapters.database.tables import METADATA

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Text, primary_key=True),  # made of the notice's key: two of the same key are one
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("to", Text, nullable=False),
    Column("own_address", Integer, nullable=False),  # 1: `to` is the account's
    Column("zone", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("names", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("wanted_ms", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claims", Integer, nullable=False),  # only rises: a worker whose lease has ended knows by it
    Column("round", Integer, nullable=False),
    Column("settled_ms", BigInteger),
    Column("trouble", Text, nullable=False),
)
Index("outbox_by_due", OUTBOX.c.state, OUTBOX.c.due_ms)
Index("outbox_by_account", OUTBOX.c.account, OUTBOX.c.at_ms)
Index("outbox_by_time", OUTBOX.c.at_ms, OUTBOX.c.id)

UNSUBSCRIBED = Table(
    "unsubscribed",
    METADATA,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
)
