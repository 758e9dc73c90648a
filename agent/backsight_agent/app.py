"""The agent's tree of tasks: read this first. What runs, what it is made of, and who owns what.

Every camera is recorded and asked by tasks of its own, so that one camera's trouble never touches another's.
Recording needs nothing but the camera and the disk: not the cloud, not the clock, not the camera's control.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import cache, partial

from backsight_agent.adapters.announcing import AnnouncingControl
from backsight_agent.adapters.boot import boot_id
from backsight_agent.adapters.controls import Controls, control_of, on_hub
from backsight_agent.adapters.counted_cloud import CountedCloud
from backsight_agent.adapters.hanging_file import HangingFile
from backsight_agent.adapters.health import health_tasks
from backsight_agent.adapters.hub_child import HubChild, HubSearch
from backsight_agent.adapters.hub_status import CloudSide, HubView
from backsight_agent.adapters.key_frames import KeyFrames
from backsight_agent.adapters.keystore import Keystore, KeystoreDamaged, PairedHub
from backsight_agent.adapters.local_api import LocalApiSettings, serve_local
from backsight_agent.adapters.local_erasing import LocalErasing
from backsight_agent.adapters.local_looking import Looking
from backsight_agent.adapters.locating import AddressFile, search
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.adapters.metrics import HubMetrics
from backsight_agent.adapters.mqtt_link import MqttLink
from backsight_agent.adapters.muxer import AvMuxers
from backsight_agent.adapters.ntp import synchronised
from backsight_agent.adapters.same_address import AddressCheck
from backsight_agent.adapters.sources import source_of
from backsight_agent.adapters.store.lock import refuse_missing_disk
from backsight_agent.adapters.store.opening import Store, open_store
from backsight_agent.camera_ports import CameraControl
from backsight_agent.config import Settings
from backsight_agent.config_camera import CameraSettings
from backsight_agent.config_values import Trust, Upload
from backsight_agent.domain.activity import Activity
from backsight_agent.domain.cutting import first_length_s
from backsight_agent.domain.holding import FixedWindows, HeldEntitlement, UploadPolicies
from backsight_agent.domain.motion import MotionDetector, MotionSettings
from backsight_agent.domain.profiles import EventSource, Power
from backsight_agent.domain.states import Board, CameraFacts, State
from backsight_agent.domain.trusted_time import KnownClock, TrustedTime
from backsight_agent.domain.whereabouts import Whereabouts
from backsight_agent.ports import Windows
from backsight_agent.tasks.counting import CountedEvents, CountedRecordings, counting
from backsight_agent.tasks.dating import Dating
from backsight_agent.tasks.detect import Eyes, MotionTap, detect_forever
from backsight_agent.tasks.disk import watch_disks_forever
from backsight_agent.tasks.entitlements import follow_entitlements
from backsight_agent.tasks.erase import erase_forever
from backsight_agent.tasks.events import EventBook, keep_events_forever
from backsight_agent.tasks.gop_queue import Read, limit_bytes
from backsight_agent.tasks.journal import write_journal
from backsight_agent.tasks.ledger import shorten_ledger_forever
from backsight_agent.tasks.locate import locate_forever
from backsight_agent.tasks.moving import MovingControl, MovingSource
from backsight_agent.tasks.notice import BATTERY_S, EVERY_S, notice_forever
from backsight_agent.tasks.prune import prune_forever
from backsight_agent.tasks.reach import watch_reach_forever
from backsight_agent.tasks.reanchor import reanchor_forever
from backsight_agent.tasks.record import record_forever
from backsight_agent.tasks.renew import renew_forever
from backsight_agent.tasks.report import report_forever
from backsight_agent.tasks.room import make_room_forever
from backsight_agent.tasks.send_events import send_events_forever
from backsight_agent.tasks.upload import upload_forever
from backsight_agent.tasks.watch import watch_forever
from backsight_shared.clock import Clock, offset_ms
from backsight_shared.entitlement import UploadPolicy
from backsight_shared.log_lines import about
from backsight_shared.service_manager import NOBODY, Manager
from backsight_shared.supervision import supervise

NO_WINDOW = "Nothing is ever deleted here: pair this hub with a cloud, or set [history] window in agent.toml"
NOT_RECORDED = 'Not recorded: record = "off" in agent.toml. It is asked how it is and what it noticed'

_POLICIES: dict[Upload, UploadPolicy] = {Upload.ALL: "all", Upload.EVENTS: "events", Upload.OFF: "off"}

log = logging.getLogger(__name__)

Task = tuple[str, Callable[[], Awaitable[None]]]


async def run_agent(settings: Settings, clock: Clock, manager: Manager = NOBODY) -> None:
    """Run until cancelled; no task outlives this call. Raises StoreFailed or StoreFull at the beginning."""
    refuse_missing_disk(settings.state, own_disk=settings.storage.own_disk)
    async with open_store(settings.state, clock, elsewhere=settings.elsewhere) as store:
        keystore = Keystore(settings.state)
        hub = assembled(settings, keystore, store, clock)
        names = ", ".join(_names(settings).values())
        log.info("%s: begins with %s; history in %s", settings.name, names, settings.state)
        async with KeyFrames() as eyes:
            tasks = [*_camera_tasks(hub, eyes), *_hub_tasks(hub), *health_tasks(hub, keystore, manager)]
            if hub.cloud.held is not None:
                tasks.append(("cloud", partial(_work_with_cloud, hub, hub.cloud.held, keystore)))
            else:
                await _send_nothing(hub)
            await _keep_running(tasks, hub)


def assembled(settings: Settings, keystore: Keystore, store: Store, clock: Clock) -> HubView:
    """What the tasks share. A damaged pairing stops nothing but the cloud's side: recording goes on."""
    board = Board(tuple(camera.camera for camera in settings.cameras), clock)
    for camera in settings.cameras:
        board.set_facts(camera.camera, CameraFacts(model=camera.model))
    try:
        cloud = _cloud_side(keystore.paired())
    except KeystoreDamaged as error:
        log.error("%s", error)  # noqa: TRY400 - the text says it all, for a person
        board.set_problem("pairing", str(error))
        settings_window, cloud = None, CloudSide()
    else:
        settings_window = settings.window.ms if settings.window else None
        if cloud.held is None and settings_window is None:
            board.set_problem("history", NO_WINDOW)
    time = TrustedTime(clock, _synchronised(settings.trust), paired=cloud.paired is not None)
    windows = cloud.held or _fixed_windows(settings, settings_window)
    known, dating = KnownClock(clock, time), Dating(boot_id(), time)
    return HubView(settings, store, board, time, windows, known, cloud, dating=dating)


async def _keep_running(tasks: list[Task], hub: HubView) -> None:
    async with asyncio.TaskGroup() as tree:
        for name, run in tasks:
            tree.create_task(supervise(name, run, hub.clock, partial(_show, hub.board)), name=name)


def _show(board: Board, name: str, text: str | None) -> None:
    board.set_problem(f"task:{name}", text and f"{name}: {text}")


def _camera_tasks(hub: HubView, eyes: Eyes) -> Iterator[Task]:
    """Each camera's, and what serves them all: the book of events, and the search for those that moved."""
    board, clock, cameras = hub.board, hub.clock, hub.settings.cameras
    read_offset_ms = partial(offset_ms, clock)
    activities = {camera.camera: Activity(read_offset_ms) for camera in cameras}
    book = EventBook(activities, hub.dating, read_offset_ms)
    places, memory = _Places(hub), LoginMemory(hub.settings.state)
    events = CountedEvents(hub.store.events, hub.vitals)
    yield "events", partial(keep_events_forever, book, events, board, clock)
    yield "locate", partial(locate_forever, places.where, places.search, places.book, board, clock)
    for camera in cameras:
        identity, where = camera.camera, places.where[camera.camera]
        # One control for each address, whoever asks: the sessions of a camera are few.
        controls = cache(partial(control_of, camera, memory=memory, clock=clock))
        if camera.source is None:
            board.set_state(identity, State.NOT_RECORDED, NOT_RECORDED)
        else:
            child = HubChild(identity, partial(on_hub, controls), places.hanging, AddressCheck(), clock)
            source = partial(source_of, camera, camera.source, child, board, clock)
            moving = MovingSource(
                identity, where, source, child.verify if camera.is_child else AddressCheck()
            )
            for name, run in _recording(camera, moving, hub, eyes, book, activities[identity]):
                yield name, about(run, camera=identity)
        control = MovingControl(where, partial(_control, camera, controls))
        watch = partial(watch_forever, identity, control, board, clock)
        yield f"watch {camera.name}", about(watch, camera=identity)
        if camera.profile.events.source is not EventSource.NONE:
            every_s = BATTERY_S if camera.profile.camera.power is Power.BATTERY else EVERY_S
            asked = partial(notice_forever, identity, control, book, board, clock, every_s=every_s)
            yield f"notice {camera.name}", about(asked, camera=identity)


def _recording(
    camera: CameraSettings,
    source: MovingSource,
    hub: HubView,
    eyes: Eyes,
    book: EventBook,
    activity: Activity,
) -> Iterator[Task]:
    """A recorded camera's stream, kept and looked at."""
    identity, tap, vitals = camera.camera, MotionTap(), hub.vitals.of(camera.camera)
    recordings = CountedRecordings(hub.store.recordings, vitals, hub.clock)
    yield (
        f"record {camera.name}",
        partial(
            record_forever,
            *(identity, source, AvMuxers(), recordings, hub.board, hub.clock),
            keeping=camera.keeping,
            activity=activity,
            memory_bytes=limit_bytes(len(hub.settings.cameras)),
            first_s=first_length_s(identity),
            dating=hub.dating,
            show=counting(vitals, hub.clock, tap.show if camera.motion.enabled else _look_away),
        ),
    )
    if camera.motion.enabled:
        detector = MotionDetector(MotionSettings(camera.motion.sensitivity, camera.motion.zones))
        yield f"detect {camera.name}", partial(detect_forever, identity, tap, detector, eyes, book)


class _Places:
    """Where the cameras are: as agent.toml says, or where they were found since."""

    def __init__(self, hub: HubView) -> None:
        cameras = hub.settings.cameras
        written = {camera.camera: camera.host for camera in cameras}
        file = AddressFile(hub.settings.state)
        self.where = {camera: Whereabouts(host) for camera, host in file.load(written).items()}
        self.book = file.book(written)
        self.hanging = HangingFile(hub.settings.state)
        children = frozenset(camera.camera for camera in cameras if camera.is_child)
        self.search = HubSearch(search, children, self.hanging)


def _look_away(read: Read) -> None:
    """The owner does not want the hub to look for motion."""


def _hub_tasks(hub: HubView) -> Iterator[Task]:
    settings, board, clock = hub.settings, hub.board, hub.clock
    yield "journal", partial(write_journal, _names(settings), board, clock)
    yield (
        "prune",
        partial(prune_forever, hub.store.retention, hub.windows, hub.time, board, clock, hub.health),
    )
    names, metrics = _names(settings), HubMetrics(hub)
    undated = (hub.store.undated, hub.time, hub.dating, names, board, clock)
    yield "reanchor", partial(reanchor_forever, *undated, moved=hub.time.changed.set)
    yield "disks", partial(watch_disks_forever, hub.store.disks, board, clock)
    reserve = settings.storage.reserve and settings.storage.reserve.size_bytes
    room = partial(make_room_forever, hub.store.room, _names(settings), board, clock)
    yield "room", partial(room, reserve=reserve, paired=hub.cloud.paired is not None, health=hub.room)
    cameras = tuple(_names(settings))
    yield "reach", partial(watch_reach_forever, cameras, hub.store.history, hub.windows, hub.short, clock)
    looking = Looking(hub.store.history, hub.windows, hub.time, board, names, hub.status, clock, metrics)
    listen = LocalApiSettings(settings.listen.host, settings.listen.port, settings.lan, settings.token)
    erasing = LocalErasing(hub.store.retention, hub.windows.changed, hub.cloud.paired is not None)
    yield "local_api", partial(serve_local, listen, looking, settings.state / "running.json", erasing)
    yield "ledger", partial(shorten_ledger_forever, hub.store.retention, hub.time, clock)


async def _send_nothing(hub: HubView) -> None:
    """Without a cloud nothing is meant for it: what leaves the history misses nothing."""
    for camera in hub.settings.cameras:
        await hub.store.backlog.is_meant(camera.camera, None)


async def _work_with_cloud(hub: HubView, held: HeldEntitlement, keystore: Keystore) -> None:
    """The tasks that need the cloud's two connections; both heal by themselves."""
    store, board, clock = hub.store, hub.board, hub.clock
    counted = CountedCloud(keystore, clock, hub.time, hub.vitals.cloud)
    counted.limit_to(limit.bytes_per_s if (limit := hub.settings.upload.limit) else None)
    async with counted as cloud, MqttLink(keystore) as link:
        hub.cloud.connected = link.connected
        names = _names(hub.settings)
        own = {camera.camera: _POLICIES[camera.upload] for camera in hub.settings.cameras}
        policies = UploadPolicies(held, own)
        tasks: list[Task] = [
            ("entitlements", partial(follow_entitlements, link, keystore, held, hub.time, board, clock)),
            ("erase", partial(erase_forever, store.retention, held, hub.time, held.changed, board, clock)),
            (
                "upload",
                partial(
                    upload_forever, tuple(names), store.backlog, cloud, link.connected, policies, board, clock
                ),
            ),
            (
                "send events",
                partial(
                    send_events_forever,
                    *(tuple(names), store.events, cloud, link.connected, policies, hub.time, board, clock),
                ),
            ),
            (
                "report",
                partial(
                    report_forever,
                    *(link, cloud, board, store.backlog, store.history),
                    *(held, hub.time, hub.disk, names, clock),
                    remarks=hub.remarks,
                ),
            ),
            ("renew", partial(renew_forever, keystore, cloud, link, clock)),
        ]
        await _keep_running(tasks, hub)


def _control(camera: CameraSettings, controls: Controls, host: str) -> CameraControl:
    return AnnouncingControl(camera.camera, host, controls(host))


def _cloud_side(paired: PairedHub | None) -> CloudSide:
    if paired is None:
        return CloudSide()
    return CloudSide(paired, HeldEntitlement(paired.cloud, paired.hub, paired.entitlement_keys))


def _fixed_windows(settings: Settings, window_ms: int | None) -> Windows:
    """One window for all cameras; without one no camera has any, and nothing is deleted."""
    if window_ms is None:
        return FixedWindows(0, ())
    return FixedWindows(window_ms, [camera.camera for camera in settings.cameras])


def _synchronised(trust: Trust) -> Callable[[], bool]:
    return synchronised if trust is Trust.NTP else lambda: True


def _names(settings: Settings) -> dict[str, str]:
    return {camera.camera: camera.name for camera in settings.cameras}
