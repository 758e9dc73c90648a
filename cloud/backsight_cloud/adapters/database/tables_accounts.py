"""Tables of second factors, single-use tokens and shares; accounts and sessions are with the first tables."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from backsight_cloud.adapters.database.tables import METADATA

TOKEN = Table(
    "token",
    METADATA,
    Column("token_hash", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
)
Index("token_by_account", TOKEN.c.account)

SECOND_FACTOR = Table(
    "second_factor",
    METADATA,
    Column("account", Text, ForeignKey("account.id"), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("confirmed_ms", BigInteger),
    Column("last_step", BigInteger, nullable=False),
)

RECOVERY_CODE = Table(
    "recovery_code",
    METADATA,
    Column("code_hash", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
)
Index("recovery_code_by_account", RECOVERY_CODE.c.account)

SHARE = Table(
    "share",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("camera", Text, ForeignKey("camera.id"), nullable=False),
    Column("viewer", Text, ForeignKey("account.id"), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    UniqueConstraint("camera", "viewer", name="share_once"),
)
Index("share_by_viewer", SHARE.c.viewer)

INVITATION = Table(
    "invitation",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("camera", Text, ForeignKey("camera.id"), nullable=False),
    Column("email", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    UniqueConstraint("camera", "email", name="invited_once"),
)
Index("invitation_by_email", INVITATION.c.email)
