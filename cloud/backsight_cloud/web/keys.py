"""Names under which handlers find the services in the application."""

from typing import TYPE_CHECKING

from aiohttp import web

from backsight_cloud.config import Settings
from backsight_cloud.domain.records import Account, Hub
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.ports import Database, Objects
from backsight_cloud.services.accounts import Accounts
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.pairing import HubPairing
from backsight_shared.clock import Clock

if TYPE_CHECKING:
    from backsight_cloud.services.erasing import OwnersErasing
    from backsight_cloud.services.ingest import Ingest
    from backsight_cloud.services.people import PeopleServices
    from backsight_cloud.services.playback import Playback

DATABASE: web.AppKey[Database] = web.AppKey("database")
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
MACHINE: web.AppKey[Clock] = web.AppKey("machine")  # its own clock: in test mode the service's may be ahead
INGEST: "web.AppKey[Ingest]" = web.AppKey("ingest")
ERASING: "web.AppKey[OwnersErasing]" = web.AppKey("erasing")
PLAYBACK: "web.AppKey[Playback]" = web.AppKey("playback")
PEOPLE: "web.AppKey[PeopleServices]" = web.AppKey("people")
ACCOUNTS: web.AppKey[Accounts] = web.AppKey("accounts")
PAIRING: web.AppKey[HubPairing] = web.AppKey("pairing")
CAMERAS: web.AppKey[CameraBinding] = web.AppKey("cameras")
OBJECTS: web.AppKey[Objects] = web.AppKey("objects")
SETTINGS: web.AppKey[Settings] = web.AppKey("settings")
IDENTITY: web.AppKey[str] = web.AppKey("identity")  # the cloud's: audience of hub tokens
VITALS: web.AppKey[ServiceVitals] = web.AppKey("vitals")
HUB_ADDRESS: web.AppKey[str] = web.AppKey("hub_address")  # the https address by which hubs reach us

SIGNED_IN: web.RequestKey[Account] = web.RequestKey("signed_in")  # whose session the request has, once asked
ASKING_HUB: web.RequestKey[Hub] = web.RequestKey("asking_hub")  # whose token the request has, once asked
