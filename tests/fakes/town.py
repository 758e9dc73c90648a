"""Two accounts with their hubs in a fake cloud: the stage for tests of pairing, cameras and entitlements."""

from pathlib import Path

from backsight_cloud.adapters.authority import open_authority
from backsight_cloud.domain.plans import Catalogue
from backsight_cloud.domain.records import Account, Hub
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.pairing import CloudIdentity, HubPairing
from backsight_cloud.services.wakes import Wakes
from backsight_shared.signing import SigningKey
from backsight_shared.wire import PairRequest
from fakes.clock import FakeClock
from fakes.database import FakeDatabase
from fakes.hub_keys import HubKey

CATALOGUE = Catalogue(free={"EC60": 12_000, "C210": 48_000}, unknown=48_000, plus=300_000, premium=600_000)
ADDRESS = "192.0.2.7"


class Town:
    """Ann and Bob, one hub each, and the services they meet."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.database = FakeDatabase()
        self.wakes = Wakes()
        self.authority = open_authority(folder, self.clock.now_ms())
        self.signing = SigningKey.generate()
        self.identity = CloudIdentity("cloud-x", "broker.example", 8883, (self.signing.to_public_jwk(),))
        self.pairing = HubPairing(self.database, self.authority, self.identity, self.wakes, self.clock)
        self.cameras = CameraBinding(self.database, CATALOGUE, self.wakes, self.clock)
        self.keys: dict[str, HubKey] = {}

    async def founded(self) -> "Town":
        for name in ("ann", "bob"):
            account = Account(name, f"{name}@example.org", "hash of secret", "UTC", self.clock.now_ms())
            async with self.database.begin() as transaction:
                await transaction.people.add_account(account)
        self.ann_hub = await self.new_hub("ann")
        self.bob_hub = await self.new_hub("bob")
        return self

    async def new_hub(self, account: str) -> Hub:
        """Paired with a code, as hubs are."""
        key, code = HubKey(), await self.pairing.make_code(account)
        made = await self.pairing.pair(PairRequest(code, key.csr(), f"{account}'s hub", "1.0"), ADDRESS)
        self.keys[made.hub] = key
        return await self.hub(made.hub)

    async def hub(self, hub_id: str) -> Hub:
        async with self.database.read() as view:
            hub = await view.hubs.hub(hub_id)
        assert hub is not None
        return hub

    async def due(self) -> set[str]:
        """Hubs that need a new document; asking makes them no longer due."""
        now_ms = self.clock.now_ms()
        async with self.database.begin() as transaction:
            hubs = await transaction.publications.claim(1000, now_ms, 1000)
            for hub in hubs:
                await transaction.publications.done(hub, now_ms, now_ms)
        return set(hubs)
