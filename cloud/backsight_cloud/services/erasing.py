"""An owner erases a span of a camera's history, or all of it: announced first, then confirmed, then for good.

The rows leave in one transaction, so that nobody sees any of it afterwards; the objects follow as all garbage
does. The span is remembered: what the hub still brings of that time is refused, and the hub is told in its
entitlement to erase the same, however late it hears of it.
"""

import logging
from dataclasses import dataclass

from backsight_cloud.domain.confirming import Confirmations
from backsight_cloud.domain.erasing import with_erased
from backsight_cloud.domain.ledger import Reason
from backsight_cloud.domain.records import Camera, Extent
from backsight_cloud.ports import Database, Transaction
from backsight_cloud.services.playback import owned
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.services.windows import horizon_of
from backsight_shared.clock import Clock
from backsight_shared.erased import MOST_SPANS, ErasedSpan, Wanted, span_to_erase
from backsight_shared.errors import NeedsAttention

CONFIRM_LIFE_MS = 15 * 60_000  # of a preview
MOST_LATE = 120  # segments that may have come since the preview: what a camera records in its life

log = logging.getLogger(__name__)


class NothingToErase(NeedsAttention):
    """The span lies before the history, or in the future."""


class TooManySpans(NeedsAttention):
    """So many separate spans of one camera are not remembered."""


class NotConfirmed(NeedsAttention):
    """What is to be erased is not what was announced, or no longer; a new preview is needed."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go: the span, and what is there of it in whole segments. `confirm` erases just this."""

    span: ErasedSpan
    extent: Extent
    confirm: str
    confirm_until_ms: int


@dataclass(frozen=True, slots=True)
class Done:
    """What went."""

    span: ErasedSpan
    extent: Extent


class OwnersErasing:
    """For owners; a camera of another account is unknown here, as everywhere."""

    def __init__(self, database: Database, key: bytes, wakes: Wakes, clock: Clock) -> None:
        self._database = database
        self._confirmations = Confirmations(key)
        self._wakes = wakes
        self._clock = clock

    async def preview(self, account: str, camera_id: str, wanted: Wanted) -> Preview:
        """Announce it. Raises UnknownCamera, NothingToErase or TooManySpans."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as tx:
            camera = await owned(tx, account, camera_id)
            horizon_ms = await horizon_of(tx, camera, now_ms)
            span = span_to_erase(wanted, horizon_ms, now_ms)
            if span is None:
                raise NothingToErase("there is no history in this span: it is over, or still to come")
            await _spans_with(tx, camera, span, horizon_ms)
            extent = await tx.erasing.extent(camera, span, horizon_ms)
        until_ms = now_ms + CONFIRM_LIFE_MS
        token = self._confirmations.token(_announced(camera, wanted, span, extent), until_ms)
        return Preview(span, extent, token, until_ms)

    async def erase(self, account: str, camera_id: str, wanted: Wanted, confirm: str) -> Done:
        """Do what was announced; again, it changes nothing. Raises UnknownCamera or NotConfirmed."""
        now_ms = self._clock.now_ms()
        async with self._database.begin() as tx:
            camera = await owned(tx, account, camera_id)
            span, count = self._confirmed(camera, wanted, confirm, now_ms)
            horizon_ms = await horizon_of(tx, camera, now_ms)
            extent = await tx.erasing.extent(camera, span, horizon_ms)
            if extent.count > count + MOST_LATE:
                raise NotConfirmed("much more of this span has arrived since: look at what would go now")
            await tx.erasing.replace_spans(camera.id, await _spans_with(tx, camera, span, horizon_ms))
            await tx.erasing.erase_span(camera, span, Reason.OWNER.value, now_ms)
            await tx.publications.mark_due(camera.hub, now_ms)
        log.info("camera %s: its owner erased %d segments", camera.id, extent.count)
        self._wakes.prune.set()
        self._wakes.publish.set()
        return Done(span, extent)

    def _confirmed(self, camera: Camera, wanted: Wanted, confirm: str, now_ms: int) -> tuple[ErasedSpan, int]:
        """The announced span and how many segments it had. Its end stays that of the preview's moment."""
        said = self._confirmations.announced(confirm, now_ms) or {}
        match said:
            case {"span": [int(from_ms), int(to_ms)], "count": int(count)}:
                span = ErasedSpan(from_ms, to_ms)
            case _:
                raise NotConfirmed("this confirmation has ended or is not one: look again at what would go")
        if any(said.get(name) != value for name, value in _asked(camera, wanted).items()):
            raise NotConfirmed("this confirms something else: look again at what would go")
        return span, count


def _announced(camera: Camera, wanted: Wanted, span: ErasedSpan, extent: Extent) -> dict[str, object]:
    now = {"span": [span.from_ms, span.to_ms], "count": extent.count, "size_bytes": extent.size_bytes}
    return {**_asked(camera, wanted), **now}


def _asked(camera: Camera, wanted: Wanted) -> dict[str, object]:
    return {"account": camera.account, "camera": camera.id, "asked": [wanted.from_ms, wanted.to_ms]}


async def _spans_with(
    tx: Transaction, camera: Camera, span: ErasedSpan, horizon_ms: int | None
) -> tuple[ErasedSpan, ...]:
    known = (await tx.erasing.spans_of([camera.id])).get(camera.id, ())
    spans = with_erased(known, span, horizon_ms)
    if spans is None:
        raise TooManySpans(
            f"{MOST_SPANS} separate spans of this camera are erased already, and no more are remembered: "
            "erase one that joins some of them, or wait until the oldest has left the history"
        )
    return spans
