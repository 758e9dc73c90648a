"""Joins everything that is served over HTTP into one application."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from backsight_cloud.config import Settings
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.ports import Database, Objects
from backsight_cloud.services.accounts import Accounts
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.pairing import HubPairing
from backsight_cloud.services.playback import Playback
from backsight_cloud.web import (
    dashboard,
    erase_pages,
    health,
    hub_api,
    keys,
    owner_api,
    owner_erasing,
    uploads,
)
from backsight_cloud.web.metrics import counting
from backsight_cloud.web.middleware import MOST_BODY_BYTES, add_headers, bound_time, refuse_forgery
from backsight_cloud.web.problems import answer_problems
from backsight_shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers work with."""

    settings: Settings
    clock: Clock
    database: Database
    objects: Objects
    accounts: Accounts
    pairing: HubPairing
    cameras: CameraBinding
    ingest: Ingest
    playback: Playback
    erasing: OwnersErasing
    identity: str  # the cloud's: audience of hub tokens
    hub_address: str  # the https address by which hubs reach us
    problems: Mapping[str, str]  # what is wrong now, by worker
    vitals: ServiceVitals = field(default_factory=ServiceVitals)


def make_site(services: Services) -> web.Application:
    """The API for hubs and owners, and the dashboard."""
    site = web.Application(
        middlewares=[counting(services.vitals.requests), answer_problems, bound_time, refuse_forgery],
        client_max_size=MOST_BODY_BYTES,
    )
    site.on_response_prepare.append(add_headers)
    site[keys.SETTINGS] = services.settings
    site[keys.CLOCK] = services.clock
    site[keys.DATABASE] = services.database
    site[keys.OBJECTS] = services.objects
    site[keys.ACCOUNTS] = services.accounts
    site[keys.PAIRING] = services.pairing
    site[keys.CAMERAS] = services.cameras
    site[keys.INGEST] = services.ingest
    site[keys.PLAYBACK] = services.playback
    site[keys.ERASING] = services.erasing
    site[keys.IDENTITY] = services.identity
    site[keys.VITALS] = services.vitals
    site[keys.HUB_ADDRESS] = services.hub_address
    site[health.PROBLEMS] = services.problems
    for part in (health, hub_api, uploads, owner_api, owner_erasing, dashboard, erase_pages):
        site.add_routes(part.routes())
    return site
