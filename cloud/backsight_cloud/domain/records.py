"""What the cloud keeps, as values: one class for each kind of row."""

from dataclasses import dataclass, field

from backsight_cloud.domain.people import Role
from backsight_shared.entitlement import UploadPolicy


@dataclass(frozen=True, slots=True)
class Account:
    """Who pays and sees; or, as an operator, runs the service and sees no video."""

    id: str
    email: str  # lower case; of an account that was closed, nobody's
    password_hash: str = field(repr=False)
    zone: str  # IANA name
    created_ms: int
    role: Role = Role.OWNER
    confirmed_ms: int | None = None  # when it was shown that the address is theirs
    password_changed_ms: int | None = None
    closing_ms: int | None = None  # since then nobody signs in, and what there is goes
    closed_ms: int | None = None  # since then it is gone


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. Only the SHA-256 of its secret is stored; `id` may be shown."""

    token_hash: str = field(repr=False)
    account: str
    created_ms: int
    expires_ms: int
    id: str = ""
    seen_ms: int = 0  # to within some minutes
    browser: str = ""  # in a few words
    address: str = ""


@dataclass(frozen=True, slots=True)
class PairingCode:
    """A short, single-use permission to add a hub to an account. Only its hash is stored."""

    code_hash: str
    account: str
    expires_ms: int
    used_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Hub:
    """A paired machine. `serial` is that of the newest document compiled for it."""

    id: str
    account: str
    name: str
    public_key_pem: str
    paired_ms: int
    unpaired_ms: int | None = None
    serial: int = 0
    status_json: str = ""  # the newest HubStatus, as received
    status_ms: int = 0


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera bound to an account through a hub."""

    id: str
    account: str
    hub: str
    name: str
    model: str
    hardware: str
    firmware: str
    plan: str
    upload: UploadPolicy
    bound_ms: int
    reached_ms: int | None = None  # the horizon already acted upon


@dataclass(frozen=True, slots=True)
class Garbage:
    """An object that is to be deleted; invisible already."""

    key: str
    camera: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """An object of which the store said that it is gone; whether it is, is looked at again."""

    key: str
    camera: str
    look_ms: int  # when it is looked at next
    looks: int  # how often it was looked at


@dataclass(frozen=True, slots=True)
class Unbound:
    """A camera that left its account: nothing of the time before comes back with it."""

    camera: str
    account: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a history there is in a span; the ends are those of whole segments."""

    count: int = 0
    size_bytes: int = 0
    from_ms: int | None = None
    to_ms: int | None = None
    events: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """A line of the history ledger: what left, when and why."""

    camera: str
    account: str
    at_ms: int  # the newest moment at which some of it left
    reason: str
    from_ms: int
    to_ms: int
    count: int
    size_bytes: int
