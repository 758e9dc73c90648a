"""The table of answers that are given again."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from backsight_cloud.adapters.database.tables import METADATA

ANSWER = Table(
    "answer",
    METADATA,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("claimed_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("status", Integer),
    Column("body", Text, nullable=False, default=""),
)
Index("answer_by_age", ANSWER.c.claimed_ms)
