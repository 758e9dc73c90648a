"""The service as one tree of supervised tasks: read this first."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from backsight_cloud.adapters.authority import Authority, open_authority
from backsight_cloud.adapters.broker import MqttBroker
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.kept_ports import kept
from backsight_cloud.adapters.listeners import Running, forget_running, listening, url, write_running
from backsight_cloud.adapters.metrics_listener import (
    disk_of,
    listening_for_metrics,
    own_process,
    read_token,
)
from backsight_cloud.adapters.mosquitto import Mosquitto
from backsight_cloud.adapters.mosquitto_config import BrokerPlace
from backsight_cloud.adapters.mqtt_client import BrokerDoor
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.adapters.only_one import only_one
from backsight_cloud.adapters.passwords import open_passwords
from backsight_cloud.adapters.revocations import BrokerRevocations
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.adapters.secrets import Secrets, open_secrets
from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_cloud.adapters.wake_socket import listen_for_wakes
from backsight_cloud.config import Settings
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import Database
from backsight_cloud.services.accounts import Accounts
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.entitling import Issuer, listen_forever, publish_forever, republish_forever
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.ledger import shorten_ledger
from backsight_cloud.services.metrics import ServiceMetrics
from backsight_cloud.services.observing import observe_forever
from backsight_cloud.services.pairing import CloudIdentity, HubPairing
from backsight_cloud.services.playback import Playback
from backsight_cloud.services.pruning import PruneHealth, prune_forever
from backsight_cloud.services.revoking import revoke_forever
from backsight_cloud.services.verifying import verify_forever
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web.metrics import metrics_site
from backsight_cloud.web.site import Services, make_site
from backsight_shared.clock import Clock
from backsight_shared.loop_lag import measure_forever
from backsight_shared.service_manager import NOBODY, Manager, tell_forever
from backsight_shared.settings import Listen
from backsight_shared.supervision import supervise

TIDY_EVERY_S = 3600.0
BROKER_START_S = 10.0  # seconds that we wait for the broker before saying that we run

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the services stand on, put together and not yet started."""

    http: Listen
    https: Listen
    broker_listen: Listen
    metrics: Listen | None
    metrics_token: str | None = field(repr=False)
    wakes: Wakes
    problems: dict[str, str]
    pruning: PruneHealth
    vitals: ServiceVitals
    secrets: Secrets
    authority: Authority
    tls: ServerCertificate
    database: Database
    objects: FolderObjects
    mosquitto: Mosquitto
    broker: MqttBroker
    revocations: BrokerRevocations


async def serve(
    settings: Settings, clock: Clock, announce: Callable[[Running], None], manager: Manager = NOBODY
) -> None:
    """Run until cancelled. No task, thread or process outlives this call."""
    make_private_folder(settings.state)
    with only_one(settings.state / "serve.lock"):
        async with open_database(settings.database_url) as database, open_passwords() as passwords:
            parts = _assemble(settings, database, await _revoked(database, clock), clock)
            services = _services(settings, parts, passwords, clock)
            await _run(settings, parts, services, announce, manager)


async def _run(
    settings: Settings,
    parts: _Parts,
    services: Services,
    announce: Callable[[Running], None],
    manager: Manager,
) -> None:
    """The tree. The listeners end first, so that nobody asks what is no longer there.

    They begin first, too: an address that is taken is told before a broker was started for nothing.
    """
    clock, context = services.clock, parts.tls.context()
    on_problem = partial(_note, parts.problems)
    async with listen_for_wakes(settings.state / "wake.sock", parts.wakes.all), asyncio.TaskGroup() as tree:
        metrics = ServiceMetrics(
            parts.vitals, parts.pruning, parts.problems, parts.broker, own_process, clock
        )
        async with (
            listening(make_site(services), parts.http, parts.https, context),
            listening_for_metrics(metrics_site(metrics.page, parts.metrics_token), parts.metrics),
        ):
            for name, run in _tasks(parts, services).items():
                tree.create_task(supervise(name, run, clock, on_problem), name=name)
            await _broker_is_there(parts.broker)
            async with _said(settings, parts, services, announce):
                await tell_forever(manager, metrics.pulse, clock)  # until we are cancelled


def _tasks(parts: _Parts, services: Services) -> dict[str, Task]:
    database, broker, wakes, clock = parts.database, parts.broker, parts.wakes, services.clock
    issuer, state = Issuer(parts.secrets.identity, parts.secrets.entitlement_key), services.settings.state
    return {
        "mosquitto": parts.mosquitto.run,
        "broker": broker.run,
        "publish": partial(publish_forever, database, broker, issuer, wakes, clock),
        "republish": partial(republish_forever, database, broker, wakes, clock),
        "listen": partial(listen_forever, database, broker, wakes, clock),
        "revoke": partial(revoke_forever, database, broker, parts.revocations, wakes, clock),
        "prune": partial(prune_forever, database, parts.objects, wakes, clock, parts.pruning),
        "verify": partial(verify_forever, database, parts.objects, wakes, clock, parts.pruning),
        "tidy": partial(_tidy_forever, services.accounts, parts.tls, parts.mosquitto, clock),
        "ledger": partial(_shorten_ledger_forever, database, clock),
        "loop lag": partial(measure_forever, parts.vitals.lag, clock),
        "observe": partial(observe_forever, database, partial(disk_of, state), parts.vitals, clock),
    }


def _assemble(settings: Settings, database: Database, revoked: list[str], clock: Clock) -> _Parts:
    state, listen = settings.state, _kept(settings, "broker", settings.broker.listen)
    metrics = settings.metrics
    secrets = open_secrets(state / "secrets")
    authority = open_authority(state / "secrets", clock.now_ms())
    tls = ServerCertificate(state / "tls", (*settings.names, settings.broker_host), authority, clock)
    mosquitto = Mosquitto(BrokerPlace(state / "broker", listen.host, listen.port, tls), authority, clock)
    mosquitto.prepare(revoked)
    door = BrokerDoor(_near(listen.host), listen.port, state / "broker", authority, clock)
    return _Parts(
        http=_kept(settings, "http", settings.http.listen),
        https=_kept(settings, "https", settings.https.listen),
        broker_listen=listen,
        metrics=_kept(settings, "metrics", metrics.listen) if metrics.listen else None,
        metrics_token=read_token(metrics.token_file),
        wakes=Wakes(),
        problems={},
        pruning=PruneHealth(),
        vitals=ServiceVitals(),
        secrets=secrets,
        authority=authority,
        tls=tls,
        database=database,
        objects=FolderObjects(state / "media", secrets.address_key, clock),
        mosquitto=mosquitto,
        broker=MqttBroker(door, clock),
        revocations=BrokerRevocations(mosquitto, door, revoked),
    )


def _services(settings: Settings, parts: _Parts, passwords: Passwords, clock: Clock) -> Services:
    database, objects, wakes = parts.database, parts.objects, parts.wakes
    keys = (parts.secrets.entitlement_key.to_public_jwk(),)
    name = parts.secrets.identity
    identity = CloudIdentity(name, settings.broker_host, parts.broker_listen.port, keys)
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        objects=objects,
        accounts=Accounts(database, passwords, clock),
        pairing=HubPairing(database, parts.authority, identity, wakes, clock),
        cameras=CameraBinding(database, settings.catalogue, wakes, clock),
        ingest=Ingest(database, objects, clock, wakes),
        playback=Playback(database, objects, clock),
        erasing=OwnersErasing(database, parts.secrets.address_key, wakes, clock),
        identity=name,
        hub_address=url("https", settings.names[0], parts.https.port),
        problems=parts.problems,
        vitals=parts.vitals,
    )


@asynccontextmanager
async def _said(
    settings: Settings, parts: _Parts, services: Services, announce: Callable[[Running], None]
) -> AsyncIterator[None]:
    file = settings.state / "running.json"
    running = Running(
        pid=os.getpid(),
        http=url("http", _near(parts.http.host), parts.http.port),
        https=services.hub_address,
        broker=f"{settings.broker_host}:{parts.broker_listen.port}",
        ca=str(parts.tls.ca_file),
        metrics=url("http", _near(parts.metrics.host), parts.metrics.port) if parts.metrics else "",
    )
    write_running(file, running)
    announce(running)
    try:
        yield
    finally:
        forget_running(file)


async def _broker_is_there(broker: MqttBroker) -> None:
    """Pages and uploads work without it too, so that waiting has an end."""
    with suppress(TimeoutError):
        await asyncio.wait_for(broker.connected.wait(), BROKER_START_S)


async def _tidy_forever(
    accounts: Accounts, tls: ServerCertificate, mosquitto: Mosquitto, clock: Clock
) -> None:
    """What only has to happen now and then."""
    while True:
        await accounts.forget_old_sessions()
        if tls.renew():
            mosquitto.reload()
        await clock.sleep(TIDY_EVERY_S)


async def _shorten_ledger_forever(database: Database, clock: Clock) -> None:
    while True:
        await shorten_ledger(database, clock)
        await clock.sleep(TIDY_EVERY_S)


async def _revoked(database: Database, clock: Clock) -> list[str]:
    async with database.read() as view:
        return list(await view.hubs.revoked(clock.now_ms()))


def _kept(settings: Settings, name: str, listen: Listen) -> Listen:
    """The address; a port 0 is chosen once, and then kept."""
    return kept(settings.state / "ports.json", name, listen)


def _note(problems: dict[str, str], name: str, text: str | None) -> None:
    problems.pop(name, None)
    if text is not None:
        problems[name] = text


def _near(host: str) -> str:
    """How this machine itself reaches an address that it listens on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
