"""The same request with the same `Idempotency-Key` has one effect and one answer, whatever crashes meanwhile.

A request first *claims* its key, in a transaction of its own, and runs only then. Its answer is kept in one
of two ways, chosen by its handler:

* `remembering(request)` gives a `Remember`, called in the transaction of the effect: effect and answer are
  there together or not at all. A crash before it leaves a claim without an effect.
* Otherwise the answer is kept after the handler. A crash between effect and answer leaves a claim, and the
  effect must be one that does nothing the second time: `effect_key(request)` is the same for each attempt,
  and is what a payment provider gets as its own idempotency key.

A claim whose attempt died is taken over by the same request sent again, once its time is over; the attempt
that lost it can neither answer nor, with `Remember`, commit. Answers that say nothing of the request (401,
403, 429, and all from 500 on) are not kept. docs/design/api.md has the reasons.
"""

import hashlib
import json
import re
import secrets
from contextlib import suppress
from functools import wraps

from aiohttp import web

from backsight_cloud.answer_ports import Claim, ClaimLost, Given
from backsight_cloud.ports import Transaction
from backsight_cloud.services.remembering import Remember
from backsight_cloud.web.access import account_of
from backsight_cloud.web.checking import bad_field
from backsight_cloud.web.keys import CLOCK, DATABASE
from backsight_cloud.web.problem_kinds import IN_PROGRESS, KEY_USED
from backsight_cloud.web.problems import Handler, Problem, problem_json, problem_of

HEADER = "Idempotency-Key"
AGAIN_HEADER = "Idempotency-Replayed"
KEY_PATTERN = r"^[!-~]{8,128}$"
LEASE_MS = 60_000  # longer than any answer may take (middleware.bound_time)

_NOT_KEPT = frozenset({401, 403, 408, 429})
_CLAIM: web.RequestKey[Claim] = web.RequestKey("claim")
_REMEMBERED: web.RequestKey[bool] = web.RequestKey("remembered")


def once(handler: Handler) -> Handler:
    """The handler, run once for each account and key."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        claim = await _claim_of(request)
        async with request.app[DATABASE].begin() as tx:
            before = await tx.answers.claim(claim)
        if before is not None:
            return _again(claim, before)
        request[_CLAIM] = claim
        return await _first(request, handler, claim)

    return answer


def remembering(request: web.Request) -> Remember:
    """Keeps this request's answer in the transaction of its effect."""
    claim = request[_CLAIM]

    async def remember(tx: Transaction, status: int, body: object) -> None:
        await tx.answers.remember(claim, status, json.dumps(body))
        request[_REMEMBERED] = True

    return remember


def effect_key(request: web.Request) -> str:
    """What names this request to a payment provider: the same for each attempt, and nobody else's."""
    claim = request[_CLAIM]
    return hashlib.sha256(f"{claim.account}\n{claim.key}".encode()).hexdigest()[:32]


async def _claim_of(request: web.Request) -> Claim:
    """Raises Problem 400."""
    key = request.headers.get(HEADER, "")
    if not re.fullmatch(KEY_PATTERN, key):
        raise bad_field(HEADER, f"{HEADER} must be 8 to 128 visible characters, new for each new request")
    account, now_ms = await account_of(request), request.app[CLOCK].now_ms()
    token = secrets.token_hex(8)
    return Claim(account.id, key, await _fingerprint(request), token, now_ms, now_ms + LEASE_MS)


async def _fingerprint(request: web.Request) -> str:
    """Of all that decides what is done; how a JSON body is spaced and ordered does not."""
    body = await request.read()
    with suppress(ValueError, RecursionError):
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    said = [request.method, request.path, sorted(request.query.items()), request.headers.get("If-Match")]
    return hashlib.sha256(json.dumps(said).encode() + body).hexdigest()


async def _first(request: web.Request, handler: Handler, claim: Claim) -> web.StreamResponse:
    try:
        answer = await handler(request)
    except Exception as error:
        await _failed(request, claim, problem_of(error))
        raise
    if not isinstance(answer, web.Response):
        raise TypeError("what moves money answers in one piece")
    if not request.get(_REMEMBERED):
        await _keep(request, claim, answer.status, answer.text or "")
    return answer


async def _failed(request: web.Request, claim: Claim, problem: Problem | None) -> None:
    """A refusal is an answer; a trouble is not: the same request may try again at once."""
    if problem is not None and problem.status < 500 and problem.status not in _NOT_KEPT:
        with suppress(ClaimLost):  # it was remembered, and failed only then: what was remembered holds
            await _keep(request, claim, problem.status, json.dumps(problem_json(problem)))
        return
    async with request.app[DATABASE].begin() as tx:
        await tx.answers.release(claim)


async def _keep(request: web.Request, claim: Claim, status: int, body: str) -> None:
    async with request.app[DATABASE].begin() as tx:
        await tx.answers.remember(claim, status, body)


def _again(claim: Claim, before: Given) -> web.Response:
    if before.fingerprint != claim.fingerprint:
        raise Problem.of(KEY_USED, f"this {HEADER} was sent with another request", extra={"field": HEADER})
    if before.status is None:
        wait_s = max(1, -(-(before.until_ms - claim.claimed_ms) // 1000))
        headers = {"Retry-After": str(wait_s)}
        raise Problem.of(IN_PROGRESS, "the first request with this key has not ended", headers=headers)
    kind = "application/problem+json" if before.status >= 400 else "application/json"
    return web.Response(
        status=before.status,
        text=before.body or None,
        content_type=kind if before.body else None,
        headers={AGAIN_HEADER: "true", "Cache-Control": "no-store"},
    )
