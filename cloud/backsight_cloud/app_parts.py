"""What the service consists of, put together: parts, and the services that stand on them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from backsight_cloud.adapters.authority import Authority, AuthorityOfNow, open_authority
from backsight_cloud.adapters.broker import MqttBroker
from backsight_cloud.adapters.documents.printer import PagePrinter
from backsight_cloud.adapters.kept_ports import kept
from backsight_cloud.adapters.listeners import url
from backsight_cloud.adapters.metrics_listener import (
    read_token,
)
from backsight_cloud.adapters.mosquitto import Mosquitto
from backsight_cloud.adapters.mosquitto_config import BrokerPlace
from backsight_cloud.adapters.moving_clock import WANTED_FILE, MovingClock, WantedMoment
from backsight_cloud.adapters.mqtt_client import BrokerDoor
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.adapters.payments import Provider
from backsight_cloud.adapters.revocations import BrokerRevocations
from backsight_cloud.adapters.secrets import Secrets, open_secrets
from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_cloud.config import Settings
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import Database
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.care import BillingCloses, CareServices, care_services
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.moving import ClockMoves
from backsight_cloud.services.pairing import CloudIdentity, HubPairing
from backsight_cloud.services.people import PeopleServices, PeopleTerms, people_services
from backsight_cloud.services.playback import Playback
from backsight_cloud.services.pruning import PruneHealth
from backsight_cloud.services.telling import MailTells
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web.payment_hook import PaymentPages
from backsight_cloud.web.site import Services
from backsight_shared.clock import Clock
from backsight_shared.settings import Listen

TIDY_EVERY_S = 3600.0
BROKER_START_S = 10.0  # seconds that we wait for the broker before saying that we run

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the services stand on, put together and not yet started.

    `machine` is its own clock, whatever an operator does to the service's in test mode: certificates, the
    broker, hubs' tokens, one-time codes and how late the event loop is go by it.
    """

    machine: Clock

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
    provider: Provider


def assemble(
    settings: Settings,
    database: Database,
    provider: Provider,
    revoked: list[str],
    machine: Clock,
    clock: Clock,
) -> Parts:
    state, listen = settings.state, _kept(settings, "broker", settings.broker.listen)
    metrics = settings.metrics
    secrets = open_secrets(state / "secrets")
    authority = open_authority(state / "secrets", machine.now_ms())
    tls = ServerCertificate(state / "tls", (*settings.names, settings.broker_host), authority, machine)
    mosquitto = Mosquitto(BrokerPlace(state / "broker", listen.host, listen.port, tls), authority, machine)
    mosquitto.prepare(revoked)
    door = BrokerDoor(near(listen.host), listen.port, state / "broker", authority, machine)
    return Parts(
        machine=machine,
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
        broker=MqttBroker(door, machine),
        revocations=BrokerRevocations(mosquitto, door, revoked),
        provider=provider,
    )


def make_services(settings: Settings, parts: Parts, passwords: Passwords, clock: Clock) -> Services:
    database, objects, wakes = parts.database, parts.objects, parts.wakes
    keys = (parts.secrets.entitlement_key.to_public_jwk(),)
    name = parts.secrets.identity
    identity = CloudIdentity(name, settings.broker_host, parts.broker_listen.port, keys)
    care = _care(settings, parts, clock)
    return Services(
        settings=settings,
        clock=clock,
        machine=parts.machine,
        database=database,
        objects=objects,
        people=_people(settings, parts, passwords, care.billing, clock),
        pairing=HubPairing(database, AuthorityOfNow(parts.authority, parts.machine), identity, wakes, clock),
        cameras=CameraBinding(database, settings.catalogue, wakes, clock, care.billing),
        ingest=Ingest(database, objects, clock, wakes),
        playback=Playback(database, objects, clock),
        erasing=OwnersErasing(database, parts.secrets.address_key, wakes, clock),
        identity=name,
        hub_address=url("https", settings.names[0], parts.https.port),
        problems=parts.problems,
        vitals=parts.vitals,
        paying=PaymentPages(parts.provider.hook, care.bank, parts.provider.sandbox),
        care=care,
        moves=_moves(settings, wakes, clock),
        printer=PagePrinter(),
        unsubscribing=Unsubscribing(parts.secrets.address_key),
    )


def _care(settings: Settings, parts: Parts, clock: Clock) -> CareServices:
    billing = Billing(settings.terms, MailTells(parts.wakes, clock), parts.wakes)
    payments, name = parts.provider.payments, settings.payments.provider.value
    return care_services(parts.database, payments, name, billing, parts.secrets.address_key, clock)


def _moves(settings: Settings, wakes: Wakes, clock: Clock) -> ClockMoves | None:
    if not isinstance(clock, MovingClock):
        return None
    return ClockMoves(clock, WantedMoment(settings.state / WANTED_FILE), wakes)


def _people(
    settings: Settings, parts: Parts, passwords: Passwords, billing: Billing, clock: Clock
) -> PeopleServices:
    terms = PeopleTerms(
        account_key=parts.secrets.account_key,
        confirm_key=parts.secrets.address_key,
        address=address(settings, parts),
        sign_up=settings.accounts.sign_up,
        confirmed_only=settings.accounts.confirmed_only,
    )
    tells, money = MailTells(parts.wakes, clock), BillingCloses(billing, clock)
    return people_services(
        parts.database, passwords, terms, parts.wakes, clock, tells, money, billing, parts.machine
    )


def address(settings: Settings, parts: Parts) -> str:
    """By which browsers reach us: links in mails lead there."""
    return settings.http.address.rstrip("/") or url("http", near(parts.http.host), parts.http.port)


async def revoked_hubs(database: Database, clock: Clock) -> list[str]:
    async with database.read() as view:
        return list(await view.hubs.revoked(clock.now_ms()))


def _kept(settings: Settings, name: str, listen: Listen) -> Listen:
    """The address; a port 0 is chosen once, and then kept."""
    return kept(settings.state / "ports.json", name, listen)


def near(host: str) -> str:
    """How this machine itself reaches an address that it listens on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
