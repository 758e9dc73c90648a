"""An owner's plans and payments: how the account stands, what a choice would do, doing it, and the card."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from backsight_cloud.billing_ports import Kept
from backsight_cloud.domain.billing.sheet import Refused
from backsight_cloud.domain.billing.windows import plan_steps
from backsight_cloud.payment_ports import CardRefused, PaymentsUnavailable
from backsight_cloud.services.care import CareServices
from backsight_cloud.services.plans import PlanNotConfirmed
from backsight_cloud.web.access import account_of
from backsight_cloud.web.account_models import answer
from backsight_cloud.web.care_models import (
    CardGiven,
    Chosen,
    PreviewAsked,
    ShownCare,
    ShownPlans,
    ShownPreview,
    ShownSetup,
    shown_care,
    shown_plans,
    shown_preview,
)
from backsight_cloud.web.described import Who, asked_body, described
from backsight_cloud.web.idempotency import effect_key
from backsight_cloud.web.keys import CLOCK
from backsight_cloud.web.problem_kinds import NOT_CONFIRMED, TRY_AGAIN_LATER, kind
from backsight_cloud.web.problems import Problem

CARE: web.AppKey[CareServices] = web.AppKey("care")

AGAINST_THE_RULES = kind(
    422,
    "Against the rules",
    "`detail` says which rule of the plans stands in the way, and what can be done instead.",
)
CARD_NOT_TAKEN = kind(
    402,
    "Card not taken",
    "The provider did not take the card, or the owner has still to approve it with their bank.",
)
_TAGS = ("billing",)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/v1/plans", _plans),
        web.get("/v1/care", _care),
        web.post("/v1/care/previews", _preview),
        web.post("/v1/care/choices", _choose),
        web.post("/v1/care/card/setups", _begin_card),
        web.put("/v1/care/card", _finish_card),
    ]


@described("What is sold, and for how much", who=Who.PUBLIC, tags=_TAGS, answers={200: ShownPlans})
async def _plans(request: web.Request) -> web.Response:
    """Prices are those of today; a running period keeps the one that it began with."""
    return answer(shown_plans(request.app[CARE].billing.terms, request.app[CLOCK].now_ms()))


@described("How the account stands", who=Who.OWNER, tags=_TAGS, answers={200: ShownCare})
async def _care(request: web.Request) -> web.Response:
    """Subscriptions, card, credit, and the plan of each camera as far ahead as it is decided."""
    account = await account_of(request)
    return _shown(request, await request.app[CARE].plans.kept(account.id))


@described(
    "What a choice would do",
    who=Who.OWNER,
    tags=_TAGS,
    body=PreviewAsked,
    answers={200: ShownPreview},
    problems=(AGAINST_THE_RULES,),
)
async def _preview(request: web.Request) -> web.Response:
    """Money, plans, and what of which history would leave, and when. Nothing is changed."""
    account, asked = await account_of(request), asked_body(request, PreviewAsked)
    with care_problems():
        preview = await request.app[CARE].plans.preview(account.id, asked.choice.event())
    return answer(shown_preview(preview))


@described(
    "Make a choice",
    who=Who.OWNER,
    tags=_TAGS,
    body=Chosen,
    answers={200: ShownCare},
    problems=(AGAINST_THE_RULES, NOT_CONFIRMED),
    moves_money=True,
)
async def _choose(request: web.Request) -> web.Response:
    """What costs money is charged at once; declined, it begins or changes nothing, and a mail says so."""
    account, asked = await account_of(request), asked_body(request, Chosen)
    with care_problems():
        kept = await request.app[CARE].plans.choose(
            account.id, asked.choice.event(), asked.confirm, effect_key(request)
        )
    return _shown(request, kept)


@described(
    "Begin to give a card",
    who=Who.OWNER,
    tags=_TAGS,
    answers={201: ShownSetup},
    problems=(TRY_AGAIN_LATER,),
)
async def _begin_card(request: web.Request) -> web.Response:
    """The browser gives the card's number to the provider, with this; it never comes here."""
    account = await account_of(request)
    with care_problems():
        setup = await request.app[CARE].plans.begin_card(account)
    shown = ShownSetup(
        setup=setup.id,
        client_secret=setup.client_secret,
        publishable_key=setup.publishable_key,
        url=setup.url,
    )
    return answer(shown, status=201)


@described(
    "Put the card on file",
    who=Who.OWNER,
    tags=_TAGS,
    body=CardGiven,
    answers={200: ShownCare},
    problems=(CARD_NOT_TAKEN, TRY_AGAIN_LATER),
)
async def _finish_card(request: web.Request) -> web.Response:
    """It replaces the one before; a renewal that was declined is tried with it at once."""
    account, asked = await account_of(request), asked_body(request, CardGiven)
    with care_problems():
        kept = await request.app[CARE].plans.finish_card(account, asked.setup)
    return _shown(request, kept)


@contextmanager
def care_problems() -> Iterator[None]:
    """Billing's refusals as problems with names."""
    try:
        yield
    except PlanNotConfirmed as error:
        raise Problem.of(NOT_CONFIRMED, str(error)) from error
    except Refused as error:
        raise Problem.of(AGAINST_THE_RULES, str(error)) from error
    except CardRefused as error:
        raise Problem.of(CARD_NOT_TAKEN, str(error), extra={"code": error.code}) from error
    except PaymentsUnavailable as error:
        raise Problem.of(TRY_AGAIN_LATER, str(error), headers={"Retry-After": "10"}) from error


def _shown(request: web.Request, kept: Kept) -> web.Response:
    now_ms, terms = request.app[CLOCK].now_ms(), request.app[CARE].billing.terms
    return answer(shown_care(kept.care, plan_steps(kept.care, now_ms), kept.version, terms, now_ms))
