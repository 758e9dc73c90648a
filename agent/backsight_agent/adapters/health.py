"""The tasks that look after the hub itself: they measure, observe, and tell the service manager of it."""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from backsight_agent.adapters.hub_status import HubView
from backsight_agent.adapters.keystore import Keystore, KeystoreDamaged
from backsight_agent.domain.heart import status_line, stuck
from backsight_agent.tasks.observe import Observer, observe_forever
from backsight_shared.loop_lag import measure_forever
from backsight_shared.service_manager import Manager, Pulse, tell_forever


def health_tasks(
    hub: HubView, keystore: Keystore, manager: Manager
) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
    """They begin with the others, when the store is open: that is when the hub is ready."""
    yield "loop lag", partial(measure_forever, hub.vitals.lag, hub.clock)
    yield "observe", partial(observe_forever, _observer(hub, keystore), hub.vitals, hub.clock)
    yield "service manager", partial(tell_forever, manager, partial(pulse, hub), hub.clock)


def pulse(hub: HubView) -> Pulse:
    """How the hub is, and what of its work does not go on."""
    names = {camera.camera: camera.name for camera in hub.settings.cameras}
    states, connected = hub.board.states, hub.cloud.connected
    is_connected = None if hub.cloud.paired is None else connected is not None and connected.is_set()
    what = stuck(hub.vitals, states, names, hub.clock.monotonic())
    return Pulse(what or status_line(states, len(hub.board.problems), is_connected), what)


def _observer(hub: HubView, keystore: Keystore) -> Observer:
    return Observer(
        [camera.camera for camera in hub.settings.cameras],
        hub.store.history,
        hub.store.backlog if hub.cloud.paired else None,
        hub.store.room,
        hub.windows,
        hub.time,
        partial(_certificate_until_ms, keystore) if hub.cloud.paired else lambda: None,
        hub.clock,
    )


def _certificate_until_ms(keystore: Keystore) -> int | None:
    try:
        return keystore.certificate_life().until_ms
    except KeystoreDamaged:  # told by those who need the certificate
        return None
