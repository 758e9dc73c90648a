"""The real application in front of a town."""

from pathlib import Path

from aiohttp import web

from backsight_cloud.config import HttpSettings, Settings
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.people import people_services
from backsight_cloud.services.playback import Playback
from backsight_cloud.web.site import Services, make_site
from fakes.objects import FakeObjects
from fakes.passwords import FakePasswords
from fakes.people import PEOPLE_TERMS
from fakes.town import Town


def site_of(town: Town, folder: Path, *, behind_proxy: bool = False) -> web.Application:
    objects = FakeObjects()
    services = Services(
        settings=Settings(state=folder, http=HttpSettings(behind_proxy=behind_proxy)),
        clock=town.clock,
        database=town.database,
        objects=objects,
        people=people_services(town.database, FakePasswords(), PEOPLE_TERMS, town.wakes, town.clock),
        pairing=town.pairing,
        cameras=town.cameras,
        ingest=Ingest(town.database, objects, town.clock),
        playback=Playback(town.database, objects, town.clock),
        erasing=OwnersErasing(town.database, b"confirming key", town.wakes, town.clock),
        identity="cloud-x",
        hub_address="https://cloud.example:8471",
        problems={},
    )
    return make_site(services)
