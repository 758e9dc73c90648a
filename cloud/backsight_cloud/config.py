"""Reads cloud.toml, once, into frozen values; below this nobody reads a file or the environment."""

import socket
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from backsight_cloud.domain.plans import Catalogue, plain_model
from backsight_shared.settings import BadSettings, Duration, Listen, settings_from

DEFAULT_FILES = (Path("cloud.toml"), Path("/etc/backsight/cloud.toml"))


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The plain listener: for this machine, or for a proxy that adds TLS."""

    listen: Listen = field(default_factory=lambda: Listen("127.0.0.1", 8470))
    behind_proxy: bool = False  # trust the last address of X-Forwarded-For


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


@dataclass(frozen=True, slots=True)
class AccountsSettings:
    """What a new account begins with."""

    zone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f'zone {self.zone!r} is not a time zone like "America/New_York"') from error


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that cloud.toml says."""

    state: Path
    http: HttpSettings = field(default_factory=HttpSettings)
    https: HttpsSettings = field(default_factory=HttpsSettings)
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    plans: PlansSettings = field(default_factory=PlansSettings)
    accounts: AccountsSettings = field(default_factory=AccountsSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)

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


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _catalogue(plans: PlansSettings) -> Catalogue:
    built_in = _built_in()
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
        raise BadSettings(
            "the built-in catalogue does not say what a plan keeps: this installation is damaged"
        )
    return window.ms


@cache
def _built_in() -> PlansSettings:
    file = files("backsight_cloud.domain") / "catalogue.toml"
    text = file.read_text(encoding="utf-8")
    return settings_from(PlansSettings, text, Path(str(file)))
