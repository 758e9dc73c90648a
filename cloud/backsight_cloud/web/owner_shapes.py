"""What the owner's API takes and gives, as pydantic models: the words of the document at /v1/openapi.json."""

from typing import Annotated, Literal

from pydantic import Field

from backsight_cloud.web.checking import AskedLoosely, Moment, Shown
from backsight_cloud.web.paging import PageAsked
from backsight_shared.event import EventKind, Origin


class CameraPath(AskedLoosely):
    """Which camera."""

    camera: Annotated[str, Field(min_length=1, description="its identity: 12 hex digits")]


class RunPath(CameraPath):
    """Which run of a camera."""

    run: Moment


class SegmentPath(CameraPath):
    """Which segment of a camera."""

    start: Moment


class SpanAsked(AskedLoosely):
    """A span of time; `to` is later than `from`."""

    from_ms: Annotated[Moment, Field(alias="from")]
    to_ms: Annotated[Moment, Field(alias="to")]


class ClipAsked(SpanAsked):
    """The span of a clip, and of which run when the span has more than one."""

    run: Moment | None = None


class ErasuresAsked(PageAsked):
    """Which lines of the ledger; `from` and `to` come together."""

    from_ms: Annotated[Moment | None, Field(alias="from")] = None
    to_ms: Annotated[Moment | None, Field(alias="to")] = None
    after: Annotated[
        str | None, Field(json_schema_extra={"deprecated": True}, description="the older name of `cursor`")
    ] = None


class Erase(AskedLoosely):
    """A span, or everything; with `confirm` it is done."""

    from_ms: int | None = None
    to_ms: int | None = None
    everything: bool = False
    confirm: str = ""


class CameraShown(Shown):
    """A camera, how it is, and how far back its history reaches."""

    id: str
    name: str
    model: str
    shared: Annotated[bool, Field(description="another's: to be looked at, and not to be changed")]
    plan: Annotated[str | None, Field(description="null for one that is shared")]
    upload: Literal["all", "events", "off"]
    hub: Annotated[str | None, Field(description="null for one that is shared")]
    state: Annotated[str, Field(description="the hub's own word while it is online")]
    state_since_ms: int | None
    state_text: str
    remarks: tuple[str, ...]
    history_from_ms: int | None
    history_to_ms: int | None
    window_ms: int | None
    horizon_ms: int | None


class CamerasShown(Shown):
    """All cameras of the account, and those that others share with it."""

    cameras: tuple[CameraShown, ...]


class SpanShown(Shown):
    """An unbroken part of a history."""

    run_ms: int
    from_ms: int
    to_ms: int
    count: int
    size_bytes: int


class GapShown(Shown):
    """A hole between two parts, and why."""

    from_ms: int
    to_ms: int
    reason: str


class EventShown(Shown):
    """Something noticed."""

    start_ms: int
    end_ms: int
    kind: EventKind
    origin: Origin
    score: int


class SegmentShown(Shown):
    """About ten seconds of video."""

    start_ms: int
    end_ms: int
    run_ms: int
    sequence: int
    size_bytes: int


class HistoryShown(Shown):
    """`from_ms` and `to_ms` are the whole history's ends; `segments` is null when it would be too long."""

    from_ms: int | None
    to_ms: int | None
    horizon_ms: int | None
    window_ms: int | None
    spans: tuple[SpanShown, ...]
    gaps: tuple[GapShown, ...]
    events: tuple[EventShown, ...]
    segments: tuple[SegmentShown, ...] | None


class EraseShown(Shown):
    """What would go, or went: the span, and the ends of the segments in it, whole."""

    erased: bool
    from_ms: int | None
    to_ms: int | None
    first_ms: int | None
    last_ms: int | None
    count: int
    size_bytes: int
    events: int
    confirm: Annotated[str, Field(description="send it back to do just this; only before it is done")] = ""
    confirm_until_ms: int | None = None


class ErasureShown(Shown):
    """A line of the ledger: what left, when and why."""

    camera: str
    at_ms: int
    reason: str
    from_ms: int
    to_ms: int
    count: int
    size_bytes: int


class ErasuresShown(Shown):
    """Newest first."""

    erasures: tuple[ErasureShown, ...]
    next: Annotated[str | None, Field(description="the `cursor` of the next page; null on the last")]


class Health(Shown):
    """Whether every part is well; what is not, by name."""

    ok: bool
    troubled: tuple[str, ...]


class PermitAsked(AskedLoosely):
    """A signed address: it holds for these bytes, until then."""

    size: Annotated[str, Field(description="how many bytes")] = ""
    expires: Annotated[str, Field(description="until when it holds, UTC milliseconds")] = ""
    signature: str = ""
