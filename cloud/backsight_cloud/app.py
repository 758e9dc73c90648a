"""The service as one tree of supervised tasks: read this first."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from backsight_cloud.adapters.broker import MqttBroker
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.listeners import Running, forget_running, listening, url, write_running
from backsight_cloud.adapters.mail import open_mailing
from backsight_cloud.adapters.metrics_listener import (
    disk_of,
    listening_for_metrics,
    own_process,
)
from backsight_cloud.adapters.mosquitto import Mosquitto
from backsight_cloud.adapters.moving_clock import CLOCK_FILE, MovingClock
from backsight_cloud.adapters.only_one import only_one
from backsight_cloud.adapters.passwords import open_passwords
from backsight_cloud.adapters.payments import make_payments
from backsight_cloud.adapters.payments_sandbox import SandboxPayments
from backsight_cloud.adapters.payments_sandbox_hooks import TellsHere, post_forever
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_cloud.adapters.wake_socket import listen_for_wakes
from backsight_cloud.app_parts import Parts, address, assemble, make_services, near, revoked_hubs
from backsight_cloud.config import Settings
from backsight_cloud.ports import Database
from backsight_cloud.services.entitling import Issuer, listen_forever, publish_forever, republish_forever
from backsight_cloud.services.forgetting_cards import forget_customers_forever
from backsight_cloud.services.ledger import shorten_ledger
from backsight_cloud.services.mailing import mail_forever
from backsight_cloud.services.metrics import ServiceMetrics
from backsight_cloud.services.moving import move_forever
from backsight_cloud.services.observing import observe_forever
from backsight_cloud.services.paying import bill_forever
from backsight_cloud.services.people import PeopleServices
from backsight_cloud.services.pruning import prune_forever
from backsight_cloud.services.reconciling import reconcile_forever
from backsight_cloud.services.remembering import forget_answers_forever
from backsight_cloud.services.revoking import revoke_forever
from backsight_cloud.services.verifying import verify_forever
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web.metrics import metrics_site
from backsight_cloud.web.payment_hook import PATH
from backsight_cloud.web.site import Services, make_site
from backsight_shared.clock import Clock
from backsight_shared.loop_lag import measure_forever
from backsight_shared.service_manager import NOBODY, Manager, tell_forever
from backsight_shared.supervision import supervise

TIDY_EVERY_S = 3600.0
BROKER_START_S = 10.0  # seconds that we wait for the broker before saying that we run

Task = Callable[[], Awaitable[None]]


async def serve(
    settings: Settings, clock: Clock, announce: Callable[[Running], None], manager: Manager = NOBODY
) -> None:
    """Run until cancelled. No task, thread or process outlives this call."""
    make_private_folder(settings.state)
    machine = clock
    if settings.billing.test_mode:
        clock = MovingClock(machine, settings.state / CLOCK_FILE)
    with only_one(settings.state / "serve.lock"):
        async with (
            open_database(settings.database_url) as database,
            open_passwords() as passwords,
            make_payments(settings, clock) as provider,
        ):
            parts = assemble(
                settings, database, provider, await revoked_hubs(database, machine), machine, clock
            )
            services = make_services(settings, parts, passwords, clock)
            await _run(settings, parts, services, announce, manager)


async def _run(
    settings: Settings,
    parts: Parts,
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


def _tasks(parts: Parts, services: Services) -> dict[str, Task]:
    database, broker, wakes, clock = parts.database, parts.broker, parts.wakes, services.clock
    issuer, state = Issuer(parts.secrets.identity, parts.secrets.entitlement_key), services.settings.state
    base, key = address(services.settings, parts), parts.secrets.address_key
    mailing = open_mailing(services.settings, base, key, database, parts.vitals, clock)
    return {
        "mosquitto": parts.mosquitto.run,
        "broker": broker.run,
        "publish": partial(publish_forever, database, broker, issuer, wakes, clock),
        "republish": partial(republish_forever, database, broker, wakes, clock),
        "listen": partial(listen_forever, database, broker, wakes, clock),
        "revoke": partial(revoke_forever, database, broker, parts.revocations, wakes, parts.machine),
        "prune": partial(prune_forever, database, parts.objects, wakes, clock, parts.pruning),
        "verify": partial(verify_forever, database, parts.objects, wakes, clock, parts.pruning),
        "tidy": partial(_tidy_forever, services.people, parts.tls, parts.mosquitto, clock),
        "ledger": partial(_shorten_ledger_forever, database, clock),
        **_billing_tasks(services, wakes, parts.provider.sandbox),
        "mail": partial(mail_forever, mailing, wakes, clock),
        "answers": partial(forget_answers_forever, database, clock),
        "loop lag": partial(measure_forever, parts.vitals.lag, parts.machine),
        "observe": partial(observe_forever, database, partial(disk_of, state), parts.vitals, clock),
        **_sandbox_tasks(parts, services),
    }


def _billing_tasks(services: Services, wakes: Wakes, sandbox: SandboxPayments | None) -> dict[str, Task]:
    if services.care is None:
        return {}
    tasks: dict[str, Task] = {
        "bill": partial(bill_forever, services.care.cashier, wakes),
        "forget cards": partial(forget_customers_forever, services.care.cashier),
        "reconcile": partial(reconcile_forever, services.care.cashier, services.vitals.money),
    }
    if isinstance(services.clock, MovingClock) and services.moves is not None:
        wanted, cashier = services.moves.wanted, services.care.cashier
        telling = TellsHere(sandbox, sandbox.hook, services.care.bank) if sandbox else None
        tasks["clock"] = partial(move_forever, services.clock, wanted, cashier, wakes, telling)
    return tasks


def _sandbox_tasks(parts: Parts, services: Services) -> dict[str, Task]:
    """The sandbox tells what happened as a real provider would: by posting it to us."""
    sandbox = parts.provider.sandbox
    if sandbox is None or services.paying is None:
        return {}
    hook = url("http", near(parts.http.host), parts.http.port) + PATH
    return {"sandbox": partial(post_forever, sandbox, hook, services.clock)}


@asynccontextmanager
async def _said(
    settings: Settings, parts: Parts, services: Services, announce: Callable[[Running], None]
) -> AsyncIterator[None]:
    file = settings.state / "running.json"
    running = Running(
        pid=os.getpid(),
        http=url("http", near(parts.http.host), parts.http.port),
        https=services.hub_address,
        broker=f"{settings.broker_host}:{parts.broker_listen.port}",
        ca=str(parts.tls.ca_file),
        metrics=url("http", near(parts.metrics.host), parts.metrics.port) if parts.metrics else "",
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
    people: PeopleServices, tls: ServerCertificate, mosquitto: Mosquitto, clock: Clock
) -> None:
    """What only has to happen now and then."""
    while True:
        await people.accounts.forget_old_sessions()
        await people.closing.finish_forgotten()
        if tls.renew():
            mosquitto.reload()
        await clock.sleep(TIDY_EVERY_S)


async def _shorten_ledger_forever(database: Database, clock: Clock) -> None:
    while True:
        await shorten_ledger(database, clock)
        await clock.sleep(TIDY_EVERY_S)


def _note(problems: dict[str, str], name: str, text: str | None) -> None:
    problems.pop(name, None)
    if text is not None:
        problems[name] = text
