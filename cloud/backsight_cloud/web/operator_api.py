"""For operators of the service: how billing stands, money to give, the clock in test mode. Never video."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from backsight_cloud.domain.billing.events import CreditGiven, Event, RefundGiven
from backsight_cloud.domain.vitals import MoneyHealth
from backsight_cloud.mail_ports import Mail
from backsight_cloud.ports import OwnerMissing
from backsight_cloud.services.moving import ClockMoves
from backsight_cloud.web.account_models import answer
from backsight_cloud.web.care_api import AGAINST_THE_RULES, CARE, care_problems
from backsight_cloud.web.checking import Asked, Moment, Shown
from backsight_cloud.web.described import Who, asked_body, described
from backsight_cloud.web.idempotency import remembering
from backsight_cloud.web.keys import CLOCK, DATABASE, VITALS
from backsight_cloud.web.problem_kinds import CANNOT_BE_DONE, kind
from backsight_cloud.web.problems import Problem

MOVES: web.AppKey[ClockMoves | None] = web.AppKey("moves")

MOST_FAILURES = 50  # mails that are listed
MOST_CENTS = 10_000_00  # at once

NO_SUCH_ACCOUNT = kind(404, "No such account", "There is no account of that identity.")
_TAGS = ("operator",)

AccountId = Annotated[str, Field(min_length=1, max_length=100)]
Cents = Annotated[int, Field(ge=1, le=MOST_CENTS)]


class ShownStanding(Shown):
    plan: str
    status: str
    count: int


class ShownFailure(Shown):
    """A mail that nobody got. Its text is the account's."""

    mail: str
    account: str
    kind: str
    state: str
    at_ms: int


class ShownBilling(Shown):
    """`differences`: of the last comparison with the provider; null before the first."""

    now_ms: int
    subscriptions: list[ShownStanding]
    past_due: int
    orders_waiting: int
    orders_waiting_since_ms: int | None
    differences: int | None
    compared_ms: int | None
    mails_waiting: int
    mail_failures: list[ShownFailure]


class ShownClock(Shown):
    """`wanted_ms`: to where it is being moved, if it is."""

    now_ms: int
    wanted_ms: int | None


class MoveClock(Asked):
    to_ms: Moment


class GiveRefund(Asked):
    """`charge`: the key of the charge, or the provider's name for it."""

    account: AccountId
    charge: Annotated[str, Field(min_length=1, max_length=200)]
    cents: Cents


class GiveCredit(Asked):
    account: AccountId
    cents: Cents


class ShownGiven(Shown):
    """How the account stands then."""

    account: str
    credit_cents: int
    owed_cents: int


def routes() -> list[web.RouteDef]:
    return [
        web.get("/v1/operator/billing", _billing),
        web.get("/v1/operator/clock", _clock),
        web.post("/v1/operator/clock", _move),
        web.post("/v1/operator/refunds", _refund),
        web.post("/v1/operator/credits", _credit),
    ]


@described("How billing stands", who=Who.OPERATOR, tags=_TAGS, answers={200: ShownBilling})
async def _billing(request: web.Request) -> web.Response:
    """Counts, and what a person should look at."""
    async with request.app[DATABASE].read() as tx:
        standings = await tx.billings.standings()
        waiting = await tx.orders.waiting()
        mails = await tx.outbox.waiting()
        failed = await tx.outbox.mails(MOST_FAILURES, failed=True)
    health: MoneyHealth = request.app[VITALS].money
    shown = ShownBilling(
        now_ms=request.app[CLOCK].now_ms(),
        subscriptions=[
            ShownStanding(plan=plan, status=status, count=count)
            for (plan, status), count in sorted(standings.items())
        ],
        past_due=sum(count for (_, status), count in standings.items() if status == "past_due"),
        orders_waiting=waiting.count,
        orders_waiting_since_ms=waiting.since_ms,
        differences=health.differences,
        compared_ms=health.reconciled_ms,
        mails_waiting=mails,
        mail_failures=[_failure(mail) for mail in failed],
    )
    return answer(shown)


@described(
    "The service's clock", who=Who.OPERATOR, tags=_TAGS, answers={200: ShownClock}, problems=(CANNOT_BE_DONE,)
)
async def _clock(request: web.Request) -> web.Response:
    """In test mode only."""
    return answer(_shown_clock(request, _moves(request)))


@described(
    "Move the service's clock forward",
    who=Who.OPERATOR,
    tags=_TAGS,
    body=MoveClock,
    answers={202: ShownClock},
    problems=(CANNOT_BE_DONE,),
)
async def _move(request: web.Request) -> web.Response:
    """In test mode only. What is due happens at its moment, in its order; GET tells when it is there."""
    moves = _moves(request)
    moves.ask(asked_body(request, MoveClock).to_ms)
    return answer(_shown_clock(request, moves), status=202)


@described(
    "Give back some of a charge",
    who=Who.OPERATOR,
    tags=_TAGS,
    body=GiveRefund,
    answers={200: ShownGiven},
    problems=(NO_SUCH_ACCOUNT, AGAINST_THE_RULES),
    moves_money=True,
)
async def _refund(request: web.Request) -> web.Response:
    """To the card that was charged; never more than is left of the charge."""
    asked = asked_body(request, GiveRefund)
    return await _given(request, asked.account, RefundGiven(asked.charge, asked.cents))


@described(
    "Give credit",
    who=Who.OPERATOR,
    tags=_TAGS,
    body=GiveCredit,
    answers={200: ShownGiven},
    problems=(NO_SUCH_ACCOUNT, AGAINST_THE_RULES),
    moves_money=True,
)
async def _credit(request: web.Request) -> web.Response:
    """It pays the next bills, and is never paid out."""
    asked = asked_body(request, GiveCredit)
    return await _given(request, asked.account, CreditGiven(asked.cents))


async def _given(request: web.Request, account: str, event: Event) -> web.Response:
    """Effect and answer are there together."""
    care, remember = request.app[CARE], remembering(request)
    try:
        with care_problems():
            async with request.app[DATABASE].begin() as tx:
                applied = await care.billing.apply(tx, account, event, request.app[CLOCK].now_ms())
                now = applied.kept.care
                shown = ShownGiven(account=account, credit_cents=now.credit_cents, owed_cents=now.owed_cents)
                await remember(tx, 200, shown.model_dump(mode="json"))
    except OwnerMissing as error:
        raise Problem.of(NO_SUCH_ACCOUNT, str(error)) from error
    care.billing.wake()
    await care.cashier.settle(account)
    return answer(shown)


def _moves(request: web.Request) -> ClockMoves:
    moves = request.app[MOVES]
    if moves is None:
        raise Problem.of(CANNOT_BE_DONE, "the clock can be moved only with [billing] test_mode = true")
    return moves


def _shown_clock(request: web.Request, moves: ClockMoves) -> ShownClock:
    return ShownClock(now_ms=request.app[CLOCK].now_ms(), wanted_ms=moves.wanted_ms)


def _failure(mail: Mail) -> ShownFailure:
    return ShownFailure(
        mail=mail.id, account=mail.account, kind=mail.kind, state=mail.state.value, at_ms=mail.at_ms
    )
