"""What short commands work with: the same database and services as the running service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.kept_ports import kept
from backsight_cloud.adapters.listeners import read_running, url
from backsight_cloud.adapters.moving_clock import CLOCK_FILE, MovingClock
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.adapters.wake_socket import send_wake
from backsight_cloud.config import Settings
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.ports import Database
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.telling import MailTells
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock, SystemClock
from backsight_shared.errors import NeedsAttention
from backsight_shared.segment import camera_id


class NotFound(NeedsAttention):
    """Nothing, or more than one thing, is called like that."""


@dataclass(frozen=True, slots=True)
class Here:
    """This machine's cloud, from a short process."""

    settings: Settings
    database: Database
    clock: Clock
    wakes: Wakes  # of this process only; the service is woken by `wake`

    def wake(self) -> None:
        """Let a running service look; one that is not running will look when it starts."""
        send_wake(self.settings.state / "wake.sock")

    def billing(self) -> Billing:
        """Billing as the service has it; what it orders is carried out by that."""
        return Billing(self.settings.terms, MailTells(self.wakes, self.clock), self.wakes)

    def hub_address(self) -> str:
        """The https address by which hubs reach the service, running or not."""
        running = read_running(self.settings.state / "running.json")
        if running is not None:
            return running.https
        listen = kept(self.settings.state / "ports.json", "https", self.settings.https.listen)
        return url("https", self.settings.names[0], listen.port)


@asynccontextmanager
async def open_here(settings: Settings) -> AsyncIterator[Here]:
    """Open the database; closed on leaving."""
    make_private_folder(settings.state)
    async with open_database(settings.database_url) as database:
        clock: Clock = SystemClock()
        if settings.billing.test_mode:
            clock = MovingClock(clock, settings.state / CLOCK_FILE)
        yield Here(settings, database, clock, Wakes())


async def account_named(here: Here, name: str) -> Account:
    """By its e-mail address, or by its identity."""
    async with here.database.read() as view:
        account = await view.people.account_by_email(name.strip().lower())
        account = account or await view.people.account(name.strip())
    if account is None:
        raise NotFound(
            f"no account has the e-mail address or the identity {name}: see `backsight-cloud account list`"
        )
    return account


async def hub_named(here: Here, name: str) -> Hub:
    """A paired hub by its identity, or by its name if that is unique."""
    async with here.database.read() as view:
        hubs = [hub for hub in await view.hubs.hubs() if hub.unpaired_ms is None]
    found = [hub for hub in hubs if hub.id == name] or [hub for hub in hubs if hub.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{len(found)} hubs are called {name!r}: use one of {', '.join(h.id for h in found)}")
    raise NotFound(f"there is no paired hub {name!r}: see `backsight-cloud hub list`")


async def camera_named(here: Here, name: str) -> Camera:
    """A camera by its MAC in any form, or by its name if that is unique."""
    async with here.database.read() as view:
        cameras = await view.cameras.all_cameras()
    identity = _identity(name)
    found = [camera for camera in cameras if camera.id == identity]
    found = found or [camera for camera in cameras if camera.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(
            f"{len(found)} cameras are called {name!r}: use one of {', '.join(c.id for c in found)}"
        )
    raise NotFound(f"there is no camera {name!r}: see `backsight-cloud camera list`")


def _identity(text: str) -> str | None:
    try:
        return camera_id(text)
    except ValueError:
        return None
