"""The table of invoices and credit notes as they were issued."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from backsight_cloud.adapters.database.tables import METADATA

PAPER = Table(
    "paper",
    METADATA,
    Column("number", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("paper_by_account", PAPER.c.account, PAPER.c.at_ms, PAPER.c.number)
Index("paper_by_order", PAPER.c.order_key)
