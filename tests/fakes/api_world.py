"""Everyone who may ask the API, over a real site: two owners with data, a viewer, an operator, two hubs.

Every name, address and identity of a household is a text of its own that occurs nowhere else, so that it can
be looked for in what others are answered.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aiohttp import ClientSession

from backsight_cloud.adapters.payments import Provider, make_payments
from backsight_cloud.config import Settings
from backsight_cloud.domain.billing.events import Subscribed
from backsight_cloud.domain.calendar import Cycle
from backsight_cloud.domain.keys import run_key, segment_key
from backsight_cloud.domain.people import Invitation, Role, Share
from backsight_cloud.domain.records import Account
from backsight_cloud.services.billing import Billing
from backsight_cloud.services.care import BillingCloses, CareServices, care_services
from backsight_cloud.services.people import people_services
from backsight_cloud.services.wakes import Wakes
from backsight_cloud.web.payment_hook import PaymentPages
from backsight_cloud.web.site import Services
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_site import PASSWORD, CloudSite, PlainPasswords, cloud_site
from fakes.household import (
    ANNA,
    BERT,
    DOOR,
    FOREIGN,
    HOUR_MS,
    HUB,
    OTHER_HUB,
    YARD,
    a_run,
    an_account,
    an_event,
    record,
    segments_of,
)
from fakes.people import PEOPLE_TERMS
from fakes.tells import FakeTells

VERA, OLGA = "vera", "olga"
PERSONS = {"owner": ANNA, "other": BERT, "viewer": VERA, "operator": OLGA}
ROLES = ("nobody", "owner", "other", "viewer", "operator", "hub", "other_hub")
RUN_MS = NOON_MS + 23 * HOUR_MS
SHARE, BERTS_SHARE = "5a5a000000000001", "5a5a000000000002"
INVITATION, BERTS_INVITATION = "1111000000000001", "1111000000000002"

DAY_S = 24 * 3600
CARDS = {ANNA: "4242424242424242", BERT: "5555555555554444"}

ANNAS = ("anna@example.org", DOOR, YARD, HUB, "Front door", "Yard", SHARE, INVITATION)
BERTS = ("bert@example.org", FOREIGN, OTHER_HUB, "Bert's", BERTS_SHARE, BERTS_INVITATION)


@dataclass
class World:
    """A running site, and how each role asks it."""

    site: CloudSite
    sessions: dict[str, Mapping[str, str]]  # by role
    browser: ClientSession
    clock: FakeClock
    services: Services

    async def ask(
        self, role: str, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, str]:
        """Status and text."""
        url = self.site.address + path
        given = {**self.headers(role), **headers}
        data = body if isinstance(body, bytes) else None
        json = None if data is not None else body
        async with self.browser.request(method, url, json=json, data=data, headers=given) as answer:
            return answer.status, (await answer.read()).decode("utf-8", "replace")

    async def sign_in(self, role: str) -> None:
        """Once more: the session has ended."""
        await self.clock.advance(60)
        self.sessions[role] = await _session(self.site, PERSONS[role])

    def headers(self, role: str) -> Mapping[str, str]:
        """How this role shows who it is, now: a hub's token lives for minutes only."""
        hub = {"hub": HUB, "other_hub": OTHER_HUB}.get(role)
        return self.sessions[role] if hub is None else self.site.hub_headers(hub)


@asynccontextmanager
async def api_world(folder: Path, clock: FakeClock) -> AsyncIterator[World]:
    """Anna shares her door with Vera; Bert lives elsewhere."""
    served: list[Services] = []
    async with (
        make_payments(Settings(state=folder), clock) as provider,
        cloud_site(folder, clock, partial(_with_care, provider=provider, served=served)) as site,
    ):
        await _more_people(site)
        await _footage(site)
        await _plans(site, provider, served[0].care)
        await clock.advance(DAY_S)  # a plan that is chosen on the set-up day begins on the next
        await _bill(served[0].care)
        sessions: dict[str, Mapping[str, str]] = {
            "nobody": {},
            **{role: await _session(site, account) for role, account in PERSONS.items()},
        }
        yield World(site, sessions, site.browser(), clock, served[0])


async def _more_people(site: CloudSite) -> None:
    hashed = f"plain:{PASSWORD}"
    async with site.database.begin() as tx:
        for account in (ANNA, BERT):
            found = await tx.people.account(account)
            assert found is not None
            await tx.people.update_account(replace(found, confirmed_ms=NOON_MS))
        for account, role in ((VERA, Role.OWNER), (OLGA, Role.OPERATOR)):
            await tx.people.add_account(_person(account, role, hashed))
        await tx.shares.add(Share(SHARE, DOOR, VERA, NOON_MS))
        until_ms = NOON_MS + 240 * HOUR_MS
        await tx.shares.invite(Invitation(INVITATION, YARD, "vera@example.org", NOON_MS, until_ms))
        await tx.shares.invite(Invitation(BERTS_INVITATION, FOREIGN, "gus@example.org", NOON_MS, until_ms))


def _person(account: str, role: Role, hashed: str) -> Account:
    return replace(an_account(account), password_hash=hashed, role=role, confirmed_ms=NOON_MS)


async def _footage(site: CloudSite) -> None:
    run = a_run(RUN_MS)
    await site.store(run, segments_of(run, 6))
    async with site.database.begin() as tx:
        await tx.events.note(ANNA, [an_event(23 * 3600, 5)])
    theirs = a_run(RUN_MS, FOREIGN)
    await site.objects.put(run_key(BERT, FOREIGN, RUN_MS), b"init of Bert's")
    for segment in segments_of(theirs, 6):
        await site.objects.put(segment_key(BERT, FOREIGN, segment.start_ms), b"Bert's video " * 10)
    await record(site.database, theirs, segments_of(theirs, 6, size_bytes=130), BERT)


def _with_care(services: Services, provider: Provider, served: list[Services]) -> Services:
    """Billing over the sandbox, and everything else with it, as the service is put together."""
    database, clock, wakes, tells = services.database, services.clock, Wakes(), FakeTells()
    billing = Billing(services.settings.terms, tells, wakes)
    care = care_services(database, provider.payments, "sandbox", billing, b"confirming key", clock)
    money = BillingCloses(billing, clock)
    whole = replace(
        services,
        care=care,
        paying=PaymentPages(provider.hook, care.bank, provider.sandbox),
        people=people_services(database, PlainPasswords(), PEOPLE_TERMS, wakes, clock, tells, money, billing),
    )
    served.append(whole)
    return whole


async def _plans(site: CloudSite, provider: Provider, care: CareServices | None) -> None:
    """Anna and Bert have a card and choose Plus for a camera each."""
    assert provider.sandbox is not None
    assert care is not None
    for name, camera in ((ANNA, DOOR), (BERT, FOREIGN)):
        async with site.database.begin() as tx:
            account = await tx.people.account(name)
        assert account is not None
        setup = await care.plans.begin_card(account)
        await provider.sandbox.give_card(setup.id, setup.client_secret, CARDS[name], 12, 2040)
        await care.plans.finish_card(account, setup.id)
        await care.plans.choose(name, Subscribed("plus", Cycle.MONTH, camera, False))


async def _bill(care: CareServices | None) -> None:
    """What the worker does, once: Plus begins and is charged, and there is an invoice."""
    assert care is not None
    await care.cashier.do_what_is_due()


async def _session(site: CloudSite, account: str) -> dict[str, str]:
    browser = await site.signed_in(account)
    return {name: browser.headers[name] for name in ("Cookie", "Origin")}
