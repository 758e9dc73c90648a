"""A real site over a real database and media folder, with Anna's and Bert's households: for API tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backsight_cloud.adapters.authority import open_authority
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.adapters.documents.printer import PagePrinter
from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.adapters.secret_files import make_private_folder
from backsight_cloud.config import Settings
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.ports import Database
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.pairing import CloudIdentity, HubPairing
from backsight_cloud.services.people import people_services
from backsight_cloud.services.playback import Playback
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web.site import Services, make_site
from backsight_shared.clock import Clock
from backsight_shared.segment import Run, Segment
from backsight_shared.signing import sign_hub_token
from fakes.household import ANNA, an_account, move_in, record
from fakes.people import PEOPLE_TERMS
from fakes.tells import FakeTells

PASSWORD = "correct horse battery"
CLOUD = "cloud-under-test"
UNSUBSCRIBING_KEY = b"unsubscribing key"
INIT = b"init of the run "  # not video: to the cloud, media are opaque bytes


class PlainPasswords:
    """Hashes nothing: signing in has tests of its own, with the real adapter."""

    async def hash(self, password: str) -> str:
        return f"plain:{password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == f"plain:{password}"


@dataclass
class CloudSite:
    """The address of a running site, and what is behind it."""

    address: str
    database: Database
    objects: FolderObjects
    media: Path
    clock: Clock
    wakes: Wakes
    hub_key_pem: bytes
    tells: FakeTells
    browsers: list[ClientSession] = field(default_factory=list)

    async def store(self, run: Run, segments: list[Segment], init: bytes = INIT) -> dict[int, bytes]:
        """Put and index footage of Anna's as a hub would; the bytes of each segment by its start."""
        await self.objects.put(run_key(ANNA, run.camera, run.run_ms), init)
        made = {}
        for segment in segments:
            made[segment.start_ms] = _bytes_of(segment)
            key = segment_key(ANNA, segment.camera, segment.start_ms)
            await self.objects.put(key, made[segment.start_ms])
        await record(self.database, run, segments)
        return made

    def browser(self) -> ClientSession:
        """One without a session."""
        self.browsers.append(ClientSession(self.address, cookie_jar=DummyCookieJar()))
        return self.browsers[-1]

    async def signed_in(self, account: str = ANNA) -> ClientSession:
        """A browser with a session: it gives the `Secure` cookie to loopback too, as browsers do."""
        browser = self.browser()
        body = {"email": an_account(account).email, "password": PASSWORD}
        async with browser.post("/v1/sessions", json=body) as answer:
            assert answer.status == 201, await answer.text()
            browser.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
        browser.headers["Origin"] = self.address
        return browser

    def hub_headers(self, hub: str) -> dict[str, str]:
        token = sign_hub_token(self.hub_key_pem, hub, CLOUD, self.clock.now_ms() // 1000)
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def cloud_site(
    folder: Path, clock: Clock, more: Callable[[Services], Services] = lambda services: services
) -> AsyncIterator[CloudSite]:
    """The whole site, served on loopback until the block is left. `more` adds to what stands behind it."""
    key = ec.generate_private_key(ec.SECP256R1())
    settings, wakes = Settings(state=folder), Wakes()
    async with open_database(settings.database_url) as database:
        await move_in(database, password_hash=f"plain:{PASSWORD}", hub_key=_public_pem(key))
        objects = FolderObjects(folder / "media", b"address key", clock)
        tells = FakeTells()
        services = _services(settings, database, objects, wakes, clock, tells)
        async with _served(make_site(more(services))) as address:
            pem = _private_pem(key)
            site = CloudSite(address, database, objects, folder / "media", clock, wakes, pem, tells)
            try:
                yield site
            finally:
                for browser in site.browsers:
                    await browser.close()


def _services(
    settings: Settings,
    database: Database,
    objects: FolderObjects,
    wakes: Wakes,
    clock: Clock,
    tells: FakeTells,
) -> Services:
    make_private_folder(settings.state / "secrets")
    authority = open_authority(settings.state / "secrets", clock.now_ms())
    identity = CloudIdentity(CLOUD, "127.0.0.1", 8883, ())
    return Services(
        settings=settings,
        clock=clock,
        database=database,
        objects=objects,
        people=people_services(database, PlainPasswords(), PEOPLE_TERMS, wakes, clock, tells),
        pairing=HubPairing(database, authority, identity, wakes, clock),
        cameras=CameraBinding(database, settings.catalogue, wakes, clock),
        ingest=Ingest(database, objects, clock, wakes),
        playback=Playback(database, objects, clock),
        erasing=OwnersErasing(database, b"confirming key", wakes, clock),
        identity=CLOUD,
        hub_address="https://cloud.example.org",
        problems={},
        unsubscribing=Unsubscribing(UNSUBSCRIBING_KEY),
        printer=PagePrinter(),
    )


async def get(browser: ClientSession, path: str) -> tuple[int, Any]:
    """The answer's status and JSON."""
    async with browser.get(path) as answer:
        return answer.status, await answer.json(content_type=None)


async def get_bytes(browser: ClientSession, path: str) -> bytes:
    """The answer's body; anything but 200 fails the test."""
    async with browser.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def _bytes_of(segment: Segment) -> bytes:
    pattern = f"{segment.camera} {segment.start_ms} ".encode()
    return (pattern * (segment.size_bytes // len(pattern) + 1))[: segment.size_bytes]


def _public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
