"""Every table of the cloud. Times are UTC milliseconds; whatever an owner can ask for has the account."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

ACCOUNT = Table(
    "account",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("role", Text, nullable=False, server_default="owner"),
    Column("confirmed_ms", BigInteger),
    Column("password_changed_ms", BigInteger),
    Column("closing_ms", BigInteger),
    Column("closed_ms", BigInteger),
)

SESSION = Table(
    "session",
    METADATA,
    Column("token_hash", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("id", Text, nullable=False, server_default=""),
    Column("seen_ms", BigInteger, nullable=False, server_default="0"),
    Column("browser", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
)

PAIRING_CODE = Table(
    "pairing_code",
    METADATA,
    Column("code_hash", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

HUB = Table(
    "hub",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("public_key_pem", Text, nullable=False),
    Column("paired_ms", BigInteger, nullable=False),
    Column("unpaired_ms", BigInteger),
    Column("serial", BigInteger, nullable=False),
    Column("status_json", Text, nullable=False),
    Column("status_ms", BigInteger, nullable=False),
)

CERTIFICATE = Table(
    "certificate",
    METADATA,
    Column("serial", Text, primary_key=True),
    Column("hub", Text, ForeignKey("hub.id"), nullable=False),
    Column("not_after_ms", BigInteger, nullable=False),
)

CAMERA = Table(
    "camera",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("hub", Text, ForeignKey("hub.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("hardware", Text, nullable=False),
    Column("firmware", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("upload", Text, nullable=False),
    Column("bound_ms", BigInteger, nullable=False),
    Column("reached_ms", BigInteger),
)

WINDOW_STEP = Table(
    "window_step",
    METADATA,
    Column("camera", Text, ForeignKey("camera.id"), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("window_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

RUN = Table(
    "run",
    METADATA,
    Column("camera", Text, ForeignKey("camera.id"), primary_key=True),
    Column("run_ms", BigInteger, primary_key=True),
    Column("account", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("init_bytes", Integer, nullable=False),
    Column("end_ms", BigInteger, nullable=False),  # of its newest segment so far; its start while it has none
    sqlite_with_rowid=False,
)

# A million rows and more: the primary key is the order in which they are read and, by camera, deleted.
# Deleting 1 of 3 million by camera took 0.6 s in this shape, 44 s with a rowid (measured, SQLite 3.40).
SEGMENT = Table(
    "segment",
    METADATA,
    Column("camera", Text, ForeignKey("camera.id"), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("end_ms", BigInteger, nullable=False),
    Column("run_ms", BigInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("account", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("segment_by_end", SEGMENT.c.camera, SEGMENT.c.end_ms)

EVENT = Table(
    "event",
    METADATA,
    Column("camera", Text, ForeignKey("camera.id"), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("end_ms", BigInteger, nullable=False),
    Column("score", Integer, nullable=False),
    Column("account", Text, nullable=False),
    sqlite_with_rowid=False,
)

PLACED = Table(
    "placed",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("placed_by_age", PLACED.c.since_ms)

GARBAGE = Table(
    "garbage",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Objects that the store said it deleted; they are looked at again.
DELETED = Table(
    "deleted",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("look_ms", BigInteger, nullable=False),
    Column("looks", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("deleted_by_look", DELETED.c.look_ms)

# What owners erased: nothing that reaches into it is taken in any more.
ERASED_SPAN = Table(
    "erased_span",
    METADATA,
    Column("camera", Text, ForeignKey("camera.id"), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("to_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Cameras that left their account and are not bound again.
UNBOUND = Table(
    "unbound",
    METADATA,
    Column("camera", Text, primary_key=True),
    Column("account", Text, ForeignKey("account.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The ledger outlives the camera. Lines of one hour are one, old ones of one day: under the day's first hour.
ERASURE = Table(
    "erasure",
    METADATA,
    Column("camera", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True),  # hours since 1970
    Column("account", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("erasure_by_account", ERASURE.c.account, ERASURE.c.at_ms)

# A hub is due while more is wanted than was done. Counted, not timed: two changes may share a millisecond.
PUBLICATION = Table(
    "publication",
    METADATA,
    Column("hub", Text, ForeignKey("hub.id"), primary_key=True),
    Column("due_ms", BigInteger, nullable=False),
    Column("wanted", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("claimed", BigInteger, nullable=False),  # what was wanted when it was claimed
    Column("claimed_ms", BigInteger),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("published_ms", BigInteger),
)

Index("session_by_end", SESSION.c.expires_ms)
Index("session_by_account", SESSION.c.account)
Index("hub_by_account", HUB.c.account)
Index("certificate_by_hub", CERTIFICATE.c.hub)
Index("camera_by_account", CAMERA.c.account)
Index("camera_by_hub", CAMERA.c.hub)
