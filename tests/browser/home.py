"""A real site on loopback with two accounts, cameras and real footage: what tests of the pages look at."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from backsight_cloud.adapters.authority import open_authority
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.adapters.passwords import open_passwords
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.config import Settings
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.records import Account, Camera, Hub
from backsight_cloud.identity_ports import Passwords
from backsight_cloud.ports import Database, Objects
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.pairing import CloudIdentity, HubPairing
from backsight_cloud.services.people import people_services
from backsight_cloud.services.playback import Playback
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web.site import Services, make_site
from backsight_shared.clock import Clock, SystemClock
from backsight_shared.segment import Run, Segment
from backsight_shared.shapes import write
from backsight_shared.window import WindowStep
from backsight_shared.wire import CameraStatus, HubStatus
from browser.film import SEGMENT_S, a_film
from fakes.database import FakeDatabase
from fakes.objects import FakeObjects
from fakes.passwords import FakePasswords
from fakes.people import PEOPLE_TERMS

PASSWORD = "correct horse battery"
HUB = "hub-anna"
DAY_MS = 86_400_000
HOSTILE = "Front <b>door</b> \"'><img src=x onerror=alert(1)><script>alert(1)</script>{{ 7*7 }}"


@dataclass
class Home:
    """The site's address, and the means to change what it shows."""

    address: str
    database: Database
    objects: Objects
    clock: Clock
    account: Account
    stranger: Account

    async def add_camera(
        self,
        camera: str,
        name: str,
        *,
        account: Account | None = None,
        window_ms: int = 14 * DAY_MS,
        plan: str = "plus",
    ) -> Camera:
        """Bound some days ago to the account's hub."""
        owner, bound_ms = account or self.account, self.clock.now_ms() - 20 * DAY_MS
        bound = Camera(camera, owner.id, HUB, name, "EC60", "4.0", "2.3.22", plan, "all", bound_ms)
        async with self.database.begin() as tx:
            await tx.cameras.bind(bound, [WindowStep(0, window_ms)])
        return bound

    async def add_hub(self, hub: str = HUB, account: Account | None = None) -> None:
        """Paired, and not heard of yet."""
        owner = account or self.account
        async with self.database.begin() as tx:
            await tx.hubs.add_hub(Hub(hub, owner.id, "Attic", "PEM", self.clock.now_ms() - 20 * DAY_MS))

    async def report(
        self, states: dict[str, str], *, online: bool = True, text: str = "", hub: str = HUB
    ) -> None:
        """What a hub says of its cameras now."""
        now_ms = self.clock.now_ms()
        cameras = tuple(
            CameraStatus(camera, state, now_ms - 600_000, text) for camera, state in states.items()
        )
        status = HubStatus(online=online, at_ms=now_ms, version="0.1.0", clock_trusted=True, cameras=cameras)
        async with self.database.begin() as tx:
            await tx.hubs.set_status(hub, json.dumps(write(status)), now_ms)

    async def record(
        self,
        camera: str,
        run_ms: int,
        seconds: int,
        *,
        first_second: int = 0,
        after: str = "start",
        encoder: str = "libx264",
        sound: bool = False,
    ) -> None:
        """Footage as if a hub had uploaded it: bytes in the objects, rows in the database."""
        film = a_film(seconds, first_second, encoder=encoder, sound=sound)
        segments = [
            Segment(
                camera,
                run_ms + at * SEGMENT_S * 1000,
                run_ms + (at + 1) * SEGMENT_S * 1000,
                run_ms,
                at,
                len(data),
            )
            for at, data in enumerate(film.segments)
        ]
        run = Run(camera, run_ms, after)
        await self.objects.put(run_key(self.account.id, camera, run_ms), film.init)
        for segment, data in zip(segments, film.segments, strict=True):
            await self.objects.put(segment_key(self.account.id, camera, segment.start_ms), data)
        async with self.database.begin() as tx:
            await tx.footage.add_run(self.account.id, run, len(film.init))
            await tx.footage.add_segments(self.account.id, segments)


@asynccontextmanager
async def a_home(folder: Path) -> AsyncIterator[Home]:
    """The whole site on a free port, with the accounts anna@ and bert@example.org and nothing else."""
    clock = SystemClock()
    url = Settings(state=folder).database_url
    async with open_database(url) as database, open_passwords() as passwords:
        objects = FolderObjects(folder / "media", b"k" * 32, clock)
        async with _home(folder, clock, database, objects, passwords) as home:
            yield home


@asynccontextmanager
async def a_home_in_memory(folder: Path) -> AsyncIterator[Home]:
    """The same site, over a database, objects and passwords that are quick to make."""
    async with _home(folder, SystemClock(), FakeDatabase(), FakeObjects(), FakePasswords()) as home:
        yield home


@asynccontextmanager
async def _home(
    folder: Path, clock: Clock, database: Database, objects: Objects, passwords: Passwords
) -> AsyncIterator[Home]:
    settings, wakes = Settings(state=folder), Wakes()
    people = people_services(database, passwords, PEOPLE_TERMS, wakes, clock)
    make_private_folder(folder / "secrets")
    authority = open_authority(folder / "secrets", clock.now_ms())
    identity = CloudIdentity("cloud", "127.0.0.1", 8883, ())
    services = Services(
        settings=settings,
        clock=clock,
        database=database,
        objects=objects,
        people=people,
        pairing=HubPairing(database, authority, identity, wakes, clock),
        cameras=CameraBinding(database, settings.catalogue, wakes, clock),
        ingest=Ingest(database, objects, clock),
        playback=Playback(database, objects, clock),
        erasing=OwnersErasing(database, b"confirming key", wakes, clock),
        identity="cloud",
        hub_address="https://backsight.example.org:8471",
        problems={},
    )
    anna = await people.accounts.add("anna@example.org", PASSWORD, "Europe/Berlin")
    bert = await people.accounts.add("bert@example.org", PASSWORD, "America/New_York")
    async with _serving(make_site(services)) as address:
        yield Home(address, database, objects, clock, anna, bert)


@asynccontextmanager
async def _serving(site: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(site, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
