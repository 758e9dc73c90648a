"""When was it really: keeps an eye on everything that a hub lists, by its content, whatever date it has.

A segment is known by its bytes behind the header, so that it stays the same when it is dated anew. When it
was taken is told by the number painted into its first frame, together with when it was first listed: numbers
go round only every 32 seconds.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import aiohttp

from faulting.findings import Findings
from faulting.house import House
from faulting.left import files_below, without_header
from faulting.rule import Steps, leaves_ms
from simcam.reading import frames_in

EVERY_S = 0.5  # seconds between two looks
DOUBT_S = 60.0  # seconds that a clock may jump and still be believed (docs/design/retention.md)
DATED_S = 75.0  # seconds from the time's being known until everything must be dated right
RIGHT_MS = 2_000  # how exactly everything is dated once the time is known
LATE_MS, EARLY_MS = 11_000, 1_000
PATIENCE_S = 5.0  # seconds for a look, while the hub may be dead
SPAN_MS = 12 * 3_600_000  # asked for around each moment
NEVER_MS = 2**62
CYCLE_MS, MOST_ROUNDS = 32_000, 20  # of the films; some minutes
LISTED_AFTER_MS = 1_000  # from a segment's end to its being listed, and the look that sees it: about


@dataclass
class Shown:
    """A segment by its content."""

    camera: str
    taken_ms: float  # when its first frame was taken, in truth
    length_ms: int
    starts_ms: int  # as it is dated now
    last_ms: int  # when it was last listed
    gone_ms: int | None = None
    is_missing: bool = False  # at the last look: on its way to another date it may be in neither list
    dates: list[int] = field(default_factory=list)  # all that it ever had

    @property
    def off_ms(self) -> float:
        """How far its date is from the truth."""
        return self.starts_ms - self.taken_ms


@dataclass
class Moments:
    """All cameras of a house."""

    home: House
    steps: Mapping[str, Steps]
    schedules: Mapping[str, Any]  # of the cameras: when each frame is due
    findings: Findings
    plan: str = ""
    around_ms: set[int] = field(default_factory=set)  # moments that the clock showed, besides the truth
    in_doubt: bool = False  # the hub may not know the time: it deletes nothing, however old
    known_since_ms: int = 0  # since when it must know
    full: bool = False  # somebody else has the disk: what the cloud has may leave early
    full_until_ms: int = 0  # since when what left must have been seen to leave
    off_ms: int = 0  # by how much a clock is wrong that nobody can know to be
    shown: dict[tuple[str, int], Shown] = field(default_factory=dict)
    _doubt_ms: int = NEVER_MS  # since when it is in doubt; what was still listed then must stay
    _met: dict[tuple[str, int, int], tuple[str, int]] = field(default_factory=dict)  # by place and size

    def goes_wrong(self, ahead_s: float) -> None:
        """The clock was set wrong. By more than a minute the hub is in doubt; by less, nobody can know."""
        self.in_doubt = abs(ahead_s) > DOUBT_S
        self._doubt_ms = _now_ms() if self.in_doubt else NEVER_MS
        self.off_ms = 0 if self.in_doubt else round(abs(ahead_s) * 1000)
        self.around_ms = {_now_ms() + round(ahead_s * 1000)} if abs(ahead_s) > 3_500 else set()

    def goes_right(self) -> None:
        """The clock was just set right. It takes a while until the hub knows: nothing is late meanwhile."""
        self.known_since_ms, self.in_doubt = _now_ms() + round(DATED_S * 1000), False
        self._doubt_ms = NEVER_MS

    def has_room(self) -> None:
        """The disk is ours again. What left is seen with the next look, which may take a while."""
        self.full, self.full_until_ms = False, _now_ms() + round((PATIENCE_S + EVERY_S) * 1000)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until told to stop; a hub that is down is looked at later."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self.look()
            except (aiohttp.ClientError, TimeoutError, FileNotFoundError, OSError):
                self.known_since_ms = max(self.known_since_ms, _now_ms())  # it is down, or was
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    async def look(self) -> None:
        """One look at every camera."""
        for camera, painted in self.home.cameras.items():
            rows = await self._listed(camera)
            now_ms, there = _now_ms(), set()
            for row in rows:
                with suppress(FileNotFoundError):
                    there.add(await self._meet(camera, painted, row, now_ms))
            for key, shown in self.shown.items():
                if key[0] == camera and key not in there:
                    self._missed(shown, now_ms)

    def look_at_files(self) -> None:
        """What left the list long ago has no file any more, either."""
        media = self.home.media
        there = {(path.relative_to(media).parts[0], path.name) for path in files_below(media)}
        for shown in self.shown.values():
            late_ms = _now_ms() - max(self._leaves_ms(shown), self.known_since_ms)
            is_there = (shown.camera, f"{shown.starts_ms}.m4s") in there
            if shown.gone_ms and is_there and late_ms > LATE_MS and not self.in_doubt:
                what = (
                    f"{shown.camera}: the file of {shown.starts_ms} is there {late_ms:.0f} ms past its moment"
                )
                self._breaks("late deletions", what)

    def wrongly_dated(self) -> list[Shown]:
        """What is listed under a moment that is not its own."""
        most_ms = RIGHT_MS + self.off_ms
        return [one for one in self.shown.values() if one.gone_ms is None and abs(one.off_ms) > most_ms]

    async def _listed(self, camera: str) -> list[dict[str, Any]]:
        found = {}
        for middle_ms in (_now_ms(), *self.around_ms):
            span = {"from": max(0, middle_ms - SPAN_MS), "to": middle_ms + SPAN_MS}
            answer = await self.home.hub.json(f"/cameras/{camera}/history", **span)
            found.update({row["start_ms"]: row for row in answer["segments"]})
        return list(found.values())

    async def _meet(self, camera: str, painted: int, row: Mapping[str, Any], now_ms: int) -> tuple[str, int]:
        """Which one it is; fetched and read when it is new under this date."""
        place = (camera, row["start_ms"], row["end_ms"])
        key = self._met.get(place)
        if key is None:
            data = await self.home.hub.bytes(f"/cameras/{camera}/segments/{row['start_ms']}.m4s")
            init = await self.home.hub.bytes(f"/cameras/{camera}/runs/{row['run_ms']}.mp4")
            key = self._key(camera, crc32(without_header(data)), row["start_ms"], now_ms)
            self._met[place] = key
            if key not in self.shown:
                self.shown[key] = await self._read(camera, painted, row, init + data, now_ms)
                self.findings.add("segments seen on the hub")
        shown = self.shown[key]
        if row["start_ms"] not in shown.dates:
            shown.dates.append(row["start_ms"])
        shown.starts_ms, shown.last_ms, shown.gone_ms = row["start_ms"], now_ms, None
        shown.is_missing = False
        self._late(shown, now_ms)
        return key

    def _key(self, camera: str, checksum: int, starts_ms: int, now_ms: int) -> tuple[str, int]:
        """The film goes round: what begins alike and was there already, rightly dated, is another one."""
        key = (camera, checksum)
        while (shown := self.shown.get(key)) is not None:
            long_gone = shown.gone_ms is not None and now_ms - shown.gone_ms > round(DATED_S * 1000)
            is_another = shown.last_ms == now_ms or long_gone or _came_round(starts_ms - shown.starts_ms)
            is_another = is_another or (shown.gone_ms is not None and abs(shown.off_ms) <= RIGHT_MS)
            if not is_another:
                break
            key = (camera, key[1] + (1 << 32))
        return key

    async def _read(
        self, camera: str, painted: int, row: Mapping[str, Any], video: bytes, now_ms: int
    ) -> Shown:
        seen = await asyncio.to_thread(frames_in, video)
        if not seen or seen[0].camera != painted or seen[0].number is None:
            self._breaks("frames missing inside segments", f"{camera}: {row} cannot be read")
        length_ms = row["end_ms"] - row["start_ms"]
        about_ms = now_ms - LISTED_AFTER_MS - length_ms
        number = seen[0].number if seen and seen[0].number is not None else 0
        taken_ms = due_near(number, about_ms, self.schedules[camera])
        return Shown(camera, taken_ms, length_ms, row["start_ms"], now_ms)

    def _missed(self, shown: Shown, now_ms: int) -> None:
        if shown.gone_ms is not None:
            return
        if not shown.is_missing:
            shown.is_missing = True
            return
        shown.gone_ms = now_ms
        left_ms = self._leaves_ms(shown)
        if self.full or now_ms < self.full_until_ms:
            self.findings.add("segments that left a full disk early")
        elif left_ms - now_ms > EARLY_MS + self.off_ms or shown.last_ms > self._doubt_ms + EARLY_MS:
            what = f"{shown.camera}: what was taken at {shown.taken_ms:.0f}, dated {shown.dates}, is gone"
            self._breaks("early deletions", f"{what} {left_ms - now_ms:.0f} ms too soon")

    def _late(self, shown: Shown, now_ms: int) -> None:
        late_ms = now_ms - max(self._leaves_ms(shown), self.known_since_ms)
        if late_ms > LATE_MS and not self.in_doubt:
            what = f"{shown.camera}: what was taken at {shown.taken_ms:.0f}, dated {shown.dates}, is there"
            self._breaks("late deletions", f"{what} {late_ms:.0f} ms past its moment")

    def _leaves_ms(self, shown: Shown) -> float:
        return leaves_ms(self.steps[shown.camera], round(shown.taken_ms) + shown.length_ms)

    def _breaks(self, promise: str, what: str) -> None:
        self.findings.breaks(promise, what, self.plan)


def _came_round(later_ms: int) -> bool:
    """Whether so much later the film shows the same again. No clock is set by so little, and so evenly."""
    rounds = round(later_ms / CYCLE_MS)
    return 1 <= rounds <= MOST_ROUNDS and abs(later_ms - rounds * CYCLE_MS) <= 2 * RIGHT_MS


def due_near(number: int, near_ms: float, schedule: Mapping[str, Any]) -> float:
    """The moment nearest to `near_ms` at which the camera had a frame with this number."""
    frame_ms = 1000 / schedule["fps"]
    cycle_ms, first_ms = schedule["cycle"] * frame_ms, schedule["start_ms"] + number * frame_ms
    return float(first_ms + round((near_ms - first_ms) / cycle_ms) * cycle_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
