"""Turns a camera's RTP and RTCP packets into pictures and sound on one media clock: the picture's own.

Every track's stamps begin anywhere. Where the camera says which stamps belong together (RTP-Info), the tracks
meet there; without that, at the arrival of their first packets. Sender reports then correct the sound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from backsight_agent.domain.annexb import AccessUnits
from backsight_agent.domain.media import Arrival, AudioChunk, VideoCodec, VideoUnit
from backsight_agent.domain.rtp import Rtp, StampClock, UnitBuilder, rtp, sender_report
from backsight_agent.domain.rtsp import Packet
from backsight_agent.domain.sdp import Offer
from backsight_agent.domain.unusable import Unusable

BELIEVABLE_US = 10_000_000  # microseconds; reports that would move the sound further are wrong themselves


@dataclass(slots=True)
class _Track:
    offer: Offer
    told: int | None  # the stamp at the stream's beginning
    clock: StampClock | None = None
    begun_us: int = 0  # where its clock's zero lies in the stream's media time
    report: tuple[float, int] | None = (
        None  # the newest sender report: wall time, own media time without `begun_us`
    )

    def us(self, stamp: int) -> int:
        """Media time of a stamp. The clock has begun."""
        return self.begun_us + (self.clock.us(stamp) if self.clock else 0)


class RtpUnits:
    """One stream's packets, by (offer, channel, first stamp) of its tracks."""

    def __init__(self, tracks: Sequence[tuple[Offer, int, int | None]]) -> None:
        self._tracks = {channel: _Track(offer, told) for offer, channel, told in tracks}
        video = next(track.offer for track in self._tracks.values() if track.offer.kind == "video")
        self._codec = cast(VideoCodec, video.codec)
        self._builder = UnitBuilder(self._codec)
        self._whole = AccessUnits(self._codec, video.sets)
        self._told = all(track.told is not None for track in self._tracks.values())
        self._began_at: float | None = None

    def take(self, packet: Packet, at: float) -> Iterable[Arrival]:
        """What a packet that arrived at this monotonic moment completes. Raises Unusable for garbage."""
        if track := self._tracks.get(packet.channel):
            return self._media(track, rtp(packet.data), at)
        if track := self._tracks.get(packet.channel - 1):
            self._note_report(track, packet.data)
            return ()
        raise Unusable(f"the camera sends a packet on channel {packet.channel}, which nobody asked for")

    def _media(self, track: _Track, packet: Rtp, at: float) -> list[Arrival]:
        if packet.payload_type != track.offer.payload_type:
            return []
        if track.clock is None:
            self._begin(track, packet.stamp, at)
        if track.offer.kind == "audio":
            law = cast(Literal["mulaw", "alaw"], track.offer.codec)
            return [
                Arrival(AudioChunk(packet.payload, track.us(packet.stamp), law, track.offer.clock_hz), at)
            ]
        return [
            Arrival(VideoUnit(whole[0], track.us(stamp), whole[1], self._codec), at)
            for unit, stamp in self._builder.add(packet)
            if (whole := self._whole.take(unit))
        ]

    def _begin(self, track: _Track, stamp: int, at: float) -> None:
        """The track's zero: what the camera told, or this packet's arrival."""
        self._began_at = at if self._began_at is None else self._began_at
        if self._told and track.told is not None:
            track.clock = StampClock(track.offer.clock_hz, track.told)
        else:
            track.clock = StampClock(track.offer.clock_hz, stamp)
            track.begun_us = round((at - self._began_at) * 1_000_000)

    def _note_report(self, track: _Track, data: bytes) -> None:
        report = sender_report(data)
        if report is None or track.clock is None:
            return
        wall_s, stamp = report
        track.report = (wall_s, track.clock.us(stamp))
        self._meet()

    def _meet(self) -> None:
        """Move the sound so that what was heard and seen at the same wall time has the same media time."""
        by_kind = {track.offer.kind: track for track in self._tracks.values()}
        video, audio = by_kind["video"], by_kind.get("audio")
        if not (audio and audio.report and video.report):
            return
        later_us = round((audio.report[0] - video.report[0]) * 1_000_000)
        begun_us = video.begun_us + video.report[1] + later_us - audio.report[1]
        if abs(begun_us - audio.begun_us) < BELIEVABLE_US:
            audio.begun_us = begun_us
