"""The demo without a person: records, cuts, kills, changes plans, waits for the edge, and measures."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from backsight_shared.window import WindowStep
from stage.figures import delays_s, lateness_s, p95, wrong
from stage.files import segment_files
from stage.frames import Proof, prove
from stage.lookout import Lookout, Sighting, now_ms
from stage.process import Failed, until
from stage.whole import Plan, Whole, whole

PLUS_S, FREE_S = 40, 20  # seconds: the windows of this occasion
WINDOWS = {"free": f"{FREE_S}s", "plus": f"{PLUS_S}s", "premium": "120s"}
RECORD_S = 22.0  # seconds of quiet recording before anything happens
CLOUD_AWAY_S = 13.0  # seconds without a cloud: at least one segment of every camera is finished in it
AFTER_CHANGE_S = 15.0  # seconds watched after the plan change: segments leave by both windows
ALLOWED_LATE_S = 1.0  # seconds; past the segment's end leaving its window (DESIGN.md, Always true, 1)

Say = Callable[[str], None]


@dataclass
class Watched:
    """The whole with a lookout on every camera of both sides."""

    all: Whole
    hub: dict[str, Lookout]
    cloud: dict[str, Lookout]
    steps: dict[str, tuple[WindowStep, ...]] = field(default_factory=dict)  # by camera, as the cloud has them
    offline: set[tuple[str, int]] = field(default_factory=set)  # finished while the cloud was away


async def prove_all(folder: Path, say: Say) -> dict[str, Any]:
    """Every figure of the check, with `ok` first."""
    plan = Plan(folder, WINDOWS)
    figures: dict[str, Any] = {}
    async with whole(plan) as running:
        figures["first_start_s"] = running.started_s
        say(f"everything records after {running.started_s:.1f} s")
        watched = _watched(running)
        for camera in running.cameras:
            await running.cloud.set_plan(camera, "plus")
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as eyes:
            for lookout in [*watched.hub.values(), *watched.cloud.values()]:
                eyes.create_task(lookout.watch(stop))
            try:
                figures |= await _story(watched, say)
            finally:
                stop.set()
        figures |= await _frames(watched, say)
        for lookout in [*watched.hub.values(), *watched.cloud.values()]:
            for line in wrong(lookout, watched.steps[lookout.camera], ALLOWED_LATE_S):
                say(line)
        before = {camera: lookout.listed() for camera, lookout in watched.hub.items()}
        await running.hub.kill()
        say("the hub was killed")
    figures |= await _again(replace(plan, block=running.street.block), before, say)
    return _verdict(figures, len(watched.hub))


def _watched(running: Whole) -> Watched:
    hub, cloud = running.hub, running.owner
    return Watched(
        running,
        {c: _lookout("hub", c, f"/cameras/{c}", hub.json, hub.bytes) for c in running.cameras},
        {c: _lookout("cloud", c, f"/v1/cameras/{c}", cloud.json, cloud.bytes) for c in running.cameras},
    )


def _lookout(side: str, camera: str, base: str, get_json: Any, get_bytes: Any) -> Lookout:
    return Lookout(side, camera, f"{base}/history", base + "/segments/{start}.m4s", get_json, get_bytes)


async def _story(watched: Watched, say: Say) -> dict[str, Any]:
    await asyncio.sleep(RECORD_S)
    figures = {"cameras_played": await _played(watched)}
    figures |= await _without_cloud(watched, say)
    figures |= await _plan_change(watched, say)
    await asyncio.sleep(AFTER_CHANGE_S)
    return figures


async def _played(watched: Watched) -> int:
    """Cameras whose cloud playlist names a segment and whose clip is init and segment, byte for byte."""
    played = 0
    for camera, lookout in watched.cloud.items():
        segment = lookout.listed()[0]
        base, span = f"/v1/cameras/{camera}", {"from": segment.start_ms, "to": segment.end_ms}
        playlist = await watched.all.owner.bytes(f"{base}/playlist.m3u8", **span)
        clip = await watched.all.owner.bytes(f"{base}/clip.mp4", **span)
        named = f"segments/{segment.start_ms}.m4s".encode() in playlist
        played += named and clip == lookout.inits[segment.run_ms] + segment.data
    return played


async def _without_cloud(watched: Watched, say: Say) -> dict[str, Any]:
    """Kill the cloud, go on, and see that what was recorded meanwhile arrives."""
    away_from = now_ms()
    await watched.all.cloud.kill()
    say("the cloud was killed; the hub goes on")
    await asyncio.sleep(CLOUD_AWAY_S)
    away_to = now_ms()
    watched.offline = offline = {
        (camera, start)
        for camera, lookout in watched.hub.items()
        for start, sighting in lookout.sightings.items()
        if away_from <= sighting.seen_ms <= away_to
    }
    await watched.all.start_cloud_again()
    say(f"the cloud is back; {len(offline)} segments wait for it")

    async def arrived() -> bool:
        return all(start in watched.cloud[camera].sightings for camera, start in offline)

    try:
        await until(arrived, 20, "the offline segments in the cloud")
    except Failed as failure:
        say(str(failure))
    recovered = sum(start in watched.cloud[camera].sightings for camera, start in offline)
    return {"offline_segments": len(offline), "offline_segments_recovered": recovered}


async def _plan_change(watched: Watched, say: Say) -> dict[str, Any]:
    """Plus becomes free on one camera of each family: the document, the view and the files follow."""
    chosen = (watched.all.cameras[0], watched.all.cameras[-1])
    await _learn_steps(watched)
    edge_ms = now_ms() - FREE_S * 1000
    waits = {
        "plan_change_to_hub_s": _hub_knows(watched, chosen),
        "plan_change_to_invisible_s": _invisible(watched, chosen, edge_ms),
        "plan_change_to_unlinked_s": _unlinked(watched, chosen, edge_ms),
    }

    async def when(what: str, truth: Any) -> tuple[str, int]:
        await until(truth, 15, what, every_s=0.02)
        return what, now_ms()

    moments, _ = await asyncio.gather(
        asyncio.gather(*(when(what, truth) for what, truth in waits.items())),
        asyncio.gather(*(watched.all.cloud.set_plan(camera, "free") for camera in chosen)),
    )
    await _learn_steps(watched)
    changed_ms = max(watched.steps[camera][-1].from_ms for camera in chosen)
    figures = {what: (moment - changed_ms) / 1000 for what, moment in moments}
    say(f"plan changed: the hub knew after {figures['plan_change_to_hub_s']:.2f} s")
    return figures


async def _learn_steps(watched: Watched) -> None:
    """Add what the cloud says now to what it said before: it forgets steps that decide nothing any more."""
    for camera, steps in (await watched.all.cloud.steps()).items():
        known = {step.from_ms: step for step in (*watched.steps.get(camera, ()), *steps)}
        watched.steps[camera] = tuple(sorted(known.values()))


def _hub_knows(watched: Watched, chosen: tuple[str, ...]) -> Any:
    """Whether the hub holds the document that says so."""

    async def truth() -> bool:
        status = await watched.all.hub.json("/status")
        windows = {camera["camera"]: camera["window_s"] for camera in status["cameras"]}
        return all(windows[camera] == FREE_S for camera in chosen)

    return truth


def _invisible(watched: Watched, chosen: tuple[str, ...], edge_ms: int) -> Any:
    """Whether no side lists a segment that the new window leaves out."""

    async def truth() -> bool:
        sides = [watched.hub[camera] for camera in chosen] + [watched.cloud[camera] for camera in chosen]
        answers = [await side.history() for side in sides]
        return all(segment["end_ms"] > edge_ms for answer in answers for segment in answer["segments"])

    return truth


def _unlinked(watched: Watched, chosen: tuple[str, ...], edge_ms: int) -> Any:
    """Whether the files of those segments are gone from both media folders."""
    names = {
        f"{start}.m4s"
        for camera in chosen
        for start, sighting in watched.hub[camera].sightings.items()
        if sighting.end_ms <= edge_ms
    }
    folders = [watched.all.hub.state / "media", watched.all.cloud.media]

    async def truth() -> bool:
        files = [path for folder in folders for path in segment_files(folder)]
        left = {path.name for path in files if any(camera in path.parts for camera in chosen)}
        return not left & names

    return truth


async def _frames(watched: Watched, say: Say) -> dict[str, Any]:
    """Decode everything that was recorded, compare both sides, and count."""
    schedules = {camera: await watched.all.street.frames(camera) for camera in watched.hub}
    painted = {c["mac"].replace(":", "").lower(): c["number"] for c in watched.all.street.cameras}
    runs = [
        (lookout.inits[run], segments, schedules[camera], painted[camera])
        for camera, lookout in watched.hub.items()
        for run, segments in _runs(lookout)
    ]
    began = time.monotonic()
    proofs = await asyncio.to_thread(prove, runs)
    say(f"{sum(proof.expected for proof in proofs)} frames decoded in {time.monotonic() - began:.1f} s")
    return _frame_figures(watched, runs, proofs)


def _runs(lookout: Lookout) -> list[tuple[int, list[Sighting]]]:
    ordered = sorted(lookout.sightings.values(), key=lambda seen: seen.start_ms)
    return [
        (run, [seen for seen in ordered if seen.run_ms == run]) for run in sorted({s.run_ms for s in ordered})
    ]


def _frame_figures(watched: Watched, runs: list[Any], proofs: list[Proof]) -> dict[str, Any]:
    by_camera = [(camera, run) for camera, lookout in watched.hub.items() for run, _ in _runs(lookout)]
    hub = [watched.hub[camera] for camera, _ in by_camera]
    cloud = [watched.cloud[camera] for camera, _ in by_camera]
    late = [
        lateness
        for side in (watched.hub, watched.cloud)
        for camera, lookout in side.items()
        for lateness in lateness_s(lookout, watched.steps[camera])
    ]
    return {
        "runs": len(runs),
        "frames_expected": sum(proof.expected for proof in proofs),
        "frames_missing": sum(proof.missing for proof in proofs),
        "frames_repeated": sum(proof.repeated for proof in proofs),
        "frames_of_another_camera": sum(proof.wrong_camera for proof in proofs),
        "cloud_copies_different": _different(watched),
        "camera_to_hub_p95_s": p95(delays_s(proofs, hub, set())),
        "camera_to_cloud_p95_s": p95(delays_s(proofs, cloud, watched.offline)),
        "segments_left": len(late),
        "kept_past_window_max_s": max([0.0, *late]),
        "deleted_inside_window_max_s": max([0.0, *(-lateness for lateness in late)]),
    }


def _different(watched: Watched) -> int:
    """Segments whose bytes in the cloud are not those of the hub."""
    return sum(
        sighting.data != watched.hub[camera].sightings[start].data
        for camera, lookout in watched.cloud.items()
        for start, sighting in lookout.sightings.items()
        if start in watched.hub[camera].sightings
    )


async def _again(plan: Plan, before: dict[str, list[Sighting]], say: Say) -> dict[str, Any]:
    """Start a second time, after the kill: what was finished is still there."""
    async with whole(plan) as running:
        say(f"second start: everything records after {running.started_s:.1f} s")
        lost, hub = 0, running.hub
        for camera, sightings in before.items():
            answer = await _lookout("hub", camera, f"/cameras/{camera}", hub.json, hub.bytes).history()
            listed = {segment["start_ms"] for segment in answer["segments"]}
            horizon = answer["horizon_ms"] or 0
            lost += sum(s.start_ms not in listed and s.end_ms > horizon for s in sightings)
        return {"second_start_s": running.started_s, "segments_lost_by_kill": lost}


def _verdict(figures: dict[str, Any], cameras: int) -> dict[str, Any]:
    ok = (
        figures["frames_missing"] == figures["frames_repeated"] == figures["frames_of_another_camera"] == 0
        and figures["frames_expected"] > 0
        and figures["runs"] == cameras
        and figures["cameras_played"] == cameras
        and figures["cloud_copies_different"] == 0
        and figures["offline_segments"] > 0
        and figures["offline_segments_recovered"] == figures["offline_segments"]
        and figures["segments_left"] > 0
        and figures["kept_past_window_max_s"] <= ALLOWED_LATE_S
        and figures["deleted_inside_window_max_s"] == 0
        and figures["segments_lost_by_kill"] == 0
    )
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
    return {"ok": ok, "cameras": cameras} | rounded
