"""Joins everything that is served over HTTP into one application."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from backsight_cloud.config import Settings
from backsight_cloud.document_ports import Printer
from backsight_cloud.domain.unsubscribing import Unsubscribing
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.ports import Database, Objects
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.care import CareServices
from backsight_cloud.services.erasing import OwnersErasing
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.moving import ClockMoves
from backsight_cloud.services.pairing import HubPairing
from backsight_cloud.services.people import PeopleServices
from backsight_cloud.services.playback import Playback
from backsight_cloud.web import (
    account_api,
    care_api,
    closing_api,
    dashboard,
    document_api,
    erase_pages,
    health,
    hub_api,
    keys,
    mail_pages,
    openapi,
    operator_api,
    owner_api,
    owner_erasing,
    second_factor_api,
    session_api,
    sharing_api,
    unbinding_api,
    uploads,
)
from backsight_cloud.web.metrics import counting
from backsight_cloud.web.middleware import MOST_BODY_BYTES, add_headers, bound_time, refuse_forgery
from backsight_cloud.web.payment_hook import PaymentPages, mount
from backsight_cloud.web.problems import answer_problems
from backsight_shared.clock import Clock

_PARTS = (
    health,
    hub_api,
    uploads,
    session_api,
    account_api,
    second_factor_api,
    closing_api,
    sharing_api,
    owner_api,
    owner_erasing,
    openapi,
    dashboard,
    erase_pages,
    mail_pages,
)


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers work with."""

    settings: Settings
    clock: Clock
    database: Database
    objects: Objects
    people: PeopleServices
    pairing: HubPairing
    cameras: CameraBinding
    ingest: Ingest
    playback: Playback
    erasing: OwnersErasing
    identity: str  # the cloud's: audience of hub tokens
    hub_address: str  # the https address by which hubs reach us
    problems: Mapping[str, str]  # what is wrong now, by worker
    vitals: ServiceVitals = field(default_factory=ServiceVitals)
    paying: PaymentPages | None = None
    care: CareServices | None = None
    moves: ClockMoves | None = None  # in test mode
    machine: Clock | None = None  # its own clock, if the service's is another
    printer: Printer | None = None
    unsubscribing: Unsubscribing = field(default_factory=lambda: Unsubscribing(secrets.token_bytes(32)))


def make_site(services: Services) -> web.Application:
    """The API for hubs and owners, and the dashboard."""
    site = web.Application(
        middlewares=[counting(services.vitals.requests), answer_problems, bound_time, refuse_forgery],
        client_max_size=MOST_BODY_BYTES,
    )
    site.on_response_prepare.append(add_headers)
    site[keys.SETTINGS] = services.settings
    site[keys.CLOCK] = services.clock
    site[keys.MACHINE] = services.machine or services.clock
    site[keys.DATABASE] = services.database
    site[keys.OBJECTS] = services.objects
    site[keys.ACCOUNTS] = services.people.accounts
    site[keys.PEOPLE] = services.people
    site[keys.PAIRING] = services.pairing
    site[keys.CAMERAS] = services.cameras
    site[keys.INGEST] = services.ingest
    site[keys.PLAYBACK] = services.playback
    site[keys.ERASING] = services.erasing
    site[keys.IDENTITY] = services.identity
    site[keys.VITALS] = services.vitals
    site[keys.HUB_ADDRESS] = services.hub_address
    site[health.PROBLEMS] = services.problems
    site[mail_pages.UNSUBSCRIBING] = services.unsubscribing
    for part in _PARTS:
        site.add_routes(part.routes())
    if services.care:
        site[care_api.CARE] = services.care
        site[operator_api.MOVES] = services.moves
        for part in (care_api, unbinding_api, operator_api):
            site.add_routes(part.routes())
    if services.printer:
        site[document_api.PRINTER] = services.printer
        site.add_routes(document_api.routes())
    if services.paying:
        mount(site, services.paying)
    return site
