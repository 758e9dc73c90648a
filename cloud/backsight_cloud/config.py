"""Reads cloud.toml, once, into frozen values; below this nobody reads a file or the environment."""

import socket
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from backsight_cloud.config_mail import MailSettings
from backsight_cloud.domain.calendar import Cycle, zone_named
from backsight_cloud.domain.plans import Catalogue, plain_model
from backsight_cloud.domain.regimes import REGIMES
from backsight_cloud.domain.terms import Price, Terms, check_numbers
from backsight_shared.settings import BadSettings, Choice, Duration, Listen, settings_from

T = TypeVar("T")

DEFAULT_FILES = (Path("cloud.toml"), Path("/etc/backsight/cloud.toml"))


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The plain listener: for this machine, or for a proxy that adds TLS."""

    listen: Listen = field(default_factory=lambda: Listen("127.0.0.1", 8470))
    behind_proxy: bool = False  # trust the last address of X-Forwarded-For
    address: str = ""  # by which browsers reach us, for links in mails; empty: the listener's own

    def __post_init__(self) -> None:
        if self.address and urlsplit(self.address).scheme not in ("http", "https"):
            raise ValueError("address must begin with https:// or http://")


@dataclass(frozen=True, slots=True)
class HttpsSettings:
    """The listener with our own certificate authority, which hubs are given when they are paired."""

    listen: Listen = field(default_factory=lambda: Listen("127.0.0.1", 8471))
    names: tuple[str, ...] = ()  # host names and addresses by which hubs reach this machine


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """The MQTT broker for hubs."""

    listen: Listen = field(default_factory=lambda: Listen("127.0.0.1", 8883))
    host: str = ""  # what hubs are told; empty: the first of https.names


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the truth is kept; empty: a SQLite file in the state folder."""

    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """The page of metrics, on a listener of its own: it is an operator's, not the world's."""

    listen: Listen | None = None  # none: there is no such page
    token_file: Path | None = None

    def __post_init__(self) -> None:
        if self.listen and self.token_file is None and not _is_loopback(self.listen.host):
            raise ValueError("listens beyond this machine: give it a token_file, or listen on 127.0.0.1")


@dataclass(frozen=True, slots=True)
class FreePlan:
    """Windows by model change or add to the built-in catalogue."""

    default_window: Duration | None = None  # for unknown models; none: the longest of all
    windows: dict[str, Duration] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaidPlan:
    """A plan with one window for every model; none: the catalogue's."""

    window: Duration | None = None


@dataclass(frozen=True, slots=True)
class PlansSettings:
    """What the plans keep, where it differs from the built-in catalogue."""

    free: FreePlan = field(default_factory=FreePlan)
    plus: PaidPlan = field(default_factory=PaidPlan)
    premium: PaidPlan = field(default_factory=PaidPlan)


class RegimeName(Choice):
    """How plans end and change."""

    CARD = "card"
    LEGACY = "legacy"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class PlanPrices:
    """Of one plan, by cycle; none: the catalogue's."""

    month: Price | None = None
    year: Price | None = None


@dataclass(frozen=True, slots=True)
class PricesSettings:
    """Of the plans that cost something."""

    plus: PlanPrices = field(default_factory=PlanPrices)
    premium: PlanPrices = field(default_factory=PlanPrices)


@dataclass(frozen=True, slots=True)
class BillingSettings:
    """By which rules, and at which prices; what is not said is as in the built-in catalogue."""

    regime: RegimeName | None = None
    currency: str | None = None
    trial_days: int | None = None
    dunning_days: tuple[int, ...] | None = None
    slots: int | None = None
    trial_reminder_days: int | None = None
    renewal_reminder_days: tuple[int, ...] | None = None
    least_card_cents: int | None = None
    seller: tuple[str, ...] | None = None
    prices: PricesSettings = field(default_factory=PricesSettings)
    test_mode: bool = False  # an operator may move the service's clock

    def __post_init__(self) -> None:
        check_numbers(**self.numbers())

    def numbers(self) -> dict[str, object]:
        """What is neither the regime nor a price, by the names that `Terms` has for it."""
        own = ("regime", "prices", "test_mode")
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in own}


class PaymentProvider(Choice):
    """Who moves the money."""

    SANDBOX = "sandbox"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class PaymentsSettings:
    """Who moves the money, and the files with what they gave us to be known by."""

    provider: PaymentProvider = PaymentProvider.SANDBOX
    key_file: Path | None = None  # Stripe's secret key
    webhook_secret_file: Path | None = None  # the signing secret of the webhook's endpoint
    publishable_key: str = ""  # Stripe's key for browsers: no secret
    api_base: str = "https://api.stripe.com"

    def __post_init__(self) -> None:
        if not _is_private_address(self.api_base):
            raise ValueError("api_base must begin with https://, or be http:// on this machine")
        if self.provider is not PaymentProvider.STRIPE:
            return
        if self.key_file is None or self.webhook_secret_file is None:
            raise ValueError('provider "stripe" needs key_file and webhook_secret_file')
        if not self.publishable_key.startswith("pk_"):
            raise ValueError('provider "stripe" needs its publishable_key: it begins with pk_')


@dataclass(frozen=True, slots=True)
class AccountsSettings:
    """What a new account begins with."""

    zone: str = "UTC"
    sign_up: bool = True  # people make their own accounts
    confirmed_only: bool = False  # nobody signs in before their e-mail address is confirmed

    def __post_init__(self) -> None:
        zone_named(self.zone)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that cloud.toml says."""

    state: Path
    http: HttpSettings = field(default_factory=HttpSettings)
    https: HttpsSettings = field(default_factory=HttpsSettings)
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    plans: PlansSettings = field(default_factory=PlansSettings)
    billing: BillingSettings = field(default_factory=BillingSettings)
    accounts: AccountsSettings = field(default_factory=AccountsSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    payments: PaymentsSettings = field(default_factory=PaymentsSettings)

    @property
    def names(self) -> tuple[str, ...]:
        """By which hubs reach this machine, the preferred first."""
        return self.https.names or (_reachable_name(self.https.listen),)

    @property
    def broker_host(self) -> str:
        return self.broker.host or self.names[0]

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite+aiosqlite:///{self.state / 'cloud.db'}"

    @property
    def catalogue(self) -> Catalogue:
        return _catalogue(self.plans)

    @property
    def terms(self) -> Terms:
        return _terms(self.catalogue, self.billing)


def load(file: Path | None) -> Settings:
    """The settings of this file, or of the first default one; raises BadSettings."""
    found = file or next((path for path in DEFAULT_FILES if path.is_file()), None)
    if found is None:
        raise BadSettings("there is no cloud.toml here or in /etc/backsight: give one with --config FILE")
    try:
        text = found.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadSettings(f"{found}: cannot be read: {reason}") from error
    settings = settings_from(Settings, text, found)
    return replace(settings, state=settings.state.absolute())


def _reachable_name(listen: Listen) -> str:
    return socket.gethostname() if listen.host in ("0.0.0.0", "::") else listen.host  # noqa: S104


def _is_private_address(address: str) -> bool:
    """Whether a key may be sent there: by TLS, or not beyond this machine."""
    parts = urlsplit(address)
    ours = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    return bool(parts.hostname) and not parts.query and (parts.scheme == "https" or ours)


def _is_loopback(host: str) -> bool:
    """A name like 127.0.0.1.example.org is somebody else."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _catalogue(plans: PlansSettings) -> Catalogue:
    built_in = _built_in().plans
    own = {plain_model(model): window for model, window in plans.free.windows.items()}
    free = {**built_in.free.windows, **own}
    return Catalogue(
        free={model: window.ms for model, window in free.items()},
        unknown=(plans.free.default_window or max(free.values())).ms,
        plus=_window_ms(plans.plus, built_in.plus),
        premium=_window_ms(plans.premium, built_in.premium),
    )


def _window_ms(own: PaidPlan, built_in: PaidPlan) -> int:
    window = own.window or built_in.window
    if window is None:
        raise _damaged("what a plan keeps")
    return window.ms


def _terms(catalogue: Catalogue, own: BillingSettings) -> Terms:
    billing = _over(own, _built_in().billing)
    if billing.regime is None or None in billing.numbers().values():
        raise _damaged("every number of [billing]")
    numbers = cast(dict[str, Any], billing.numbers())
    return Terms(catalogue, _prices(billing.prices), REGIMES[billing.regime.value], **numbers)


def _prices(settings: PricesSettings) -> dict[tuple[str, Cycle], Price]:
    prices = {
        (plan, cycle): getattr(getattr(settings, plan), cycle.value)
        for plan in ("plus", "premium")
        for cycle in Cycle
    }
    if None in prices.values():
        raise _damaged("what a plan costs")
    return prices


def _over(own: T, built_in: T) -> T:
    """What is said here, and else what is built in; in tables within, key by key."""
    said = {}
    for one in fields(cast(Any, own)):
        mine, theirs = getattr(own, one.name), getattr(built_in, one.name)
        nested = isinstance(mine, (PricesSettings, PlanPrices))
        said[one.name] = _over(mine, theirs) if nested else theirs if mine is None else mine
    return cast(T, replace(cast(Any, own), **said))


def _damaged(what: str) -> BadSettings:
    return BadSettings(f"the built-in catalogue does not say {what}: this installation is damaged")


@dataclass(frozen=True, slots=True)
class _BuiltIn:
    """What catalogue.toml says, in the words of cloud.toml."""

    plans: PlansSettings
    billing: BillingSettings


@cache
def _built_in() -> _BuiltIn:
    file = files("backsight_cloud.domain") / "catalogue.toml"
    text = file.read_text(encoding="utf-8")
    return settings_from(_BuiltIn, text, Path(str(file)))
