"""The messages between hub and cloud: HTTP bodies and MQTT payloads, as JSON of these shapes.

Paths below the cloud's address:

    POST /v1/hub/pair       PairRequest -> Pairing     the code is the proof; others: Bearer <hub token>
    POST /v1/hub/renew      RenewRequest -> Certificate
    PUT  /v1/hub/cameras    CamerasReport -> CamerasAnswer
    POST /v1/hub/uploads    Batch -> Places               where to put each run's init and each segment
    PUT  <Place.url>        the bytes                     the address itself is the permission
    POST /v1/hub/commits    Batch -> Commits              stored and indexed, or why not
    POST /v1/hub/events     EventsReport -> EventsAnswer  what was noticed; the same event again renews it

Every answer of the cloud carries its time in the header `Backsight-Time` (UTC milliseconds).
"""

from dataclasses import dataclass
from typing import Literal

from backsight_shared.event import Event
from backsight_shared.segment import Run, Segment

TIME_HEADER = "Backsight-Time"
BATCH_SEGMENTS = 32  # segments in one batch at most: some 80 MB of 2 Mbit/s video
REPORT_EVENTS = 200  # events in one report at most
EXPIRED = "expired"  # why the cloud refuses what has left the history already
ERASED = "erased"  # why it refuses what reaches into what its owner erased
TOO_LATE = frozenset({EXPIRED, ERASED})  # such a refusal is no trouble: it only came too late
MAX_OBJECT_BYTES = 64 * 1024 * 1024  # larger than any segment we make; the cloud refuses more


@dataclass(frozen=True, slots=True)
class PairRequest:
    """A hub asks to belong to the account that made the code."""

    code: str
    csr_pem: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """What a hub keeps from being paired."""

    cloud: str  # the cloud's identity: issuer of entitlements, audience of tokens
    hub: str
    certificate_pem: str
    ca_pem: str  # trusted for the broker
    broker_host: str
    broker_port: int
    entitlement_keys: tuple[dict[str, str], ...]  # public JWKs


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """A hub asks for its next certificate."""

    csr_pem: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A renewed certificate for the same hub."""

    certificate_pem: str
    ca_pem: str


@dataclass(frozen=True, slots=True)
class CameraReport:
    """A camera as the hub knows it."""

    camera: str
    name: str
    model: str  # as the camera says, without region: "EC60"; empty while it was never reached
    hardware: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class CamerasReport:
    """All cameras that a hub is configured with."""

    cameras: tuple[CameraReport, ...]


@dataclass(frozen=True, slots=True)
class CameraAnswer:
    """Whether the cloud takes this camera from this hub, and if not, why (for a person)."""

    camera: str
    accepted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CamerasAnswer:
    """One answer for each camera of the report, in its order."""

    cameras: tuple[CameraAnswer, ...]


@dataclass(frozen=True, slots=True)
class RunOffer:
    """A run whose init the hub has."""

    run: Run
    init_bytes: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What a hub wants to upload, or has uploaded. Runs come before the segments that need them."""

    runs: tuple[RunOffer, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where to put one object: `put` there, `have` it already, or `refused` for good."""

    state: Literal["put", "have", "refused"]
    url: str = ""  # absolute, or a path below the cloud's address
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """One place for each run, then one for each segment, in the batch's order."""

    runs: tuple[Place, ...]
    segments: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """`stored`: durably stored and indexed. `missing`: the bytes are not there. `refused`: for good."""

    state: Literal["stored", "missing", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Commits:
    """One result for each run, then one for each segment, in the batch's order."""

    runs: tuple[Commit, ...]
    segments: tuple[Commit, ...]


@dataclass(frozen=True, slots=True)
class EventsReport:
    """Events that began, went on or ended, oldest first; at most REPORT_EVENTS."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """`stored`: durably. `refused`: for good (not this hub's camera, or outside its history)."""

    state: Literal["stored", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EventsAnswer:
    """One answer for each event of the report, in its order."""

    events: tuple[EventAnswer, ...]


@dataclass(frozen=True, slots=True)
class Pull:
    """MQTT: a hub asks for a fresh entitlement."""

    have_serial: int


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera's state in an owner's words; `state` is one of the agent's state names."""

    camera: str
    state: str
    since_ms: int
    text: str
    last_end_ms: int | None = None  # end of the newest finished segment
    history_from_ms: int | None = None  # start of the oldest segment still held on the hub
    backlog: int = 0  # finished segments not yet in the cloud
    remarks: tuple[str, ...] = ()  # for the owner: control closed, model unknown


@dataclass(frozen=True, slots=True)
class HubStatus:
    """MQTT, retained: how a hub is. The will is the same with `online` false."""

    online: bool
    at_ms: int = 0
    version: str = ""
    serial: int = 0  # of the entitlement it holds; 0 without one
    clock_trusted: bool = False
    clock_text: str = ""
    disk_free_bytes: int = 0
    disk_total_bytes: int = 0
    problems: tuple[str, ...] = ()  # for a person: what went wrong that is not one camera's
    cameras: tuple[CameraStatus, ...] = ()
