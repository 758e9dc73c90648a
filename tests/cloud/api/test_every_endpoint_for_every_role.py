"""Every endpoint below /v1, asked by everyone: who may, may; to all others it is closed, or not even there.

The table is the law. Its columns are nobody, the owner of what is asked for, another owner, somebody with
whom the owner shares the camera, an operator of the service, the owner's hub, another's hub. A new endpoint
needs a line here, or a test fails.
"""

import json
from pathlib import Path

import pytest

from backsight_shared import shapes
from backsight_shared.wire import Batch, CameraReport, CamerasReport, EventsReport, RunOffer
from fakes.api_world import ANNAS, INVITATION, ROLES, RUN_MS, SHARE, World, api_world
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_site import PASSWORD
from fakes.household import DOOR, YARD, a_run, an_event, segments_of

TABLE = """
                                                             nobody owner other viewer operator hub other_hub
GET    /v1/openapi.json                                      200    200   200   200    200      200 200
GET    /v1/health                                            200    200   200   200    200      200 200
GET    /v1/ca.crt                                            200    200   200   200    200      200 200
GET    /v1/plans                                             200    200   200   200    200      200 200
GET    /v1/documents                                        401    200   200   200    200      401 401
GET    /v1/documents/{number}                               401    200   404   404    404      401 401
GET    /v1/documents/{number}/paper.html                    401    200   404   404    404      401 401
GET    /v1/documents/{number}/paper.pdf                     401    200   404   404    404      401 401

POST   /v1/accounts                                          202    202   202   202    202      202 202
POST   /v1/accounts/confirmations                            410    410   410   410    410      410 410
POST   /v1/password-resets                                   202    202   202   202    202      202 202
PUT    /v1/password-resets/{token}                           410    410   410   410    410      410 410
PUT    /v1/address-changes/{token}                           410    410   410   410    410      410 410
POST   /v1/sessions                                          201    201   201   201    201      201 201
POST   /v1/sessions/second-factor                            401    401   401   401    401      401 401
DELETE /v1/sessions/current                                  204    204   204   204    204      204 204
GET    /v1/sessions                                          401    200   200   200    200      401 401
DELETE /v1/sessions                                          401    200   200   200    200      401 401
DELETE /v1/sessions/{session}                                401    204   404   404    404      401 401

GET    /v1/account                                           401    200   200   200    200      401 401
PATCH  /v1/account                                           401    200   200   200    200      401 401
POST   /v1/account/confirmation                              401    202   202   202    202      401 401
PUT    /v1/account/password                                  401    200   200   200    200      401 401
POST   /v1/account/address-changes                           401    202   202   202    202      401 401
GET    /v1/account/second-factor                             401    200   200   200    200      401 401
POST   /v1/account/second-factor                             401    201   201   201    201      401 401
PUT    /v1/account/second-factor                             401    409   409   409    409      401 401
POST   /v1/account/second-factor/removal                     401    409   409   409    409      401 401
POST   /v1/account/recovery-codes                            401    409   409   409    409      401 401
GET    /v1/account/closing                                   401    200   200   200    200      401 401
POST   /v1/account/closing                                   401    409   409   409    409      401 401

GET    /v1/cameras                                           401    200   200   200    200      401 401
GET    /v1/cameras/{camera}                                  401    200   404   200    404      401 401
GET    /v1/cameras/{camera}/history                          401    200   404   200    404      401 401
GET    /v1/cameras/{camera}/playlist.m3u8                    401    200   404   200    404      401 401
GET    /v1/cameras/{camera}/runs/{run}.mp4                   401    200   404   200    404      401 401
GET    /v1/cameras/{camera}/segments/{start}.m4s             401    200   404   200    404      401 401
GET    /v1/cameras/{camera}/clip.mp4                         401    200   404   200    404      401 401
POST   /v1/cameras/{camera}/erase                            401    200   404   404    404      401 401
GET    /v1/cameras/{camera}/erasures                         401    200   404   404    404      401 401
GET    /v1/cameras/{camera}/shares                           401    200   404   404    404      401 401
POST   /v1/cameras/{camera}/shares                           401    201   404   404    404      401 401
DELETE /v1/cameras/{camera}/invitations/{invitation}         401    204   404   404    404      401 401
GET    /v1/shares                                            401    200   200   200    200      401 401
DELETE /v1/shares/{share}                                    401    404   404   204    404      401 401
GET    /v1/invitations                                       401    200   200   200    200      401 401
POST   /v1/invitations/{invitation}/acceptance               401    404   404   201    403      401 401
DELETE /v1/invitations/{invitation}                          401    404   404   204    403      401 401

GET    /v1/care                                              401    200   200   200    200      401 401
POST   /v1/care/previews                                     401    200   422   422    422      401 401
POST   /v1/care/choices                                      401    409   422   422    422      401 401
POST   /v1/care/card/setups                                  401    201   201   201    201      401 401
PUT    /v1/care/card                                         401    402   402   402    402      401 401
GET    /v1/cameras/{camera}/unbinding                        401    200   404   404    404      401 401
POST   /v1/cameras/{camera}/unbinding                        401    409   404   404    404      401 401
GET    /v1/operator/billing                                  401    403   403   403    200      401 401
GET    /v1/operator/clock                                    401    403   403   403    422      401 401
POST   /v1/operator/clock                                    401    403   403   403    422      401 401
POST   /v1/operator/refunds                                  401    403   403   403    422      401 401
POST   /v1/operator/credits                                  401    403   403   403    200      401 401
POST   /v1/payment-hook                                      400    400   400   400    400      400 400

POST   /v1/hub/pair                                          422    422   422   422    422      422 422
POST   /v1/hub/renew                                         401    401   401   401    401      422 422
PUT    /v1/hub/cameras                                       401    401   401   401    401      200 200
POST   /v1/hub/events                                        401    401   401   401    401      200 200
POST   /v1/hub/uploads                                       401    401   401   401    401      200 200
POST   /v1/hub/commits                                       401    401   401   401    401      200 200
PUT    /v1/objects/{key}                                     403    403   403   403    403      403 403
"""
ROWS = [line.split() for line in TABLE.splitlines() if line.strip()][1:]
WAIT_S = 3600  # seconds between two roles: trying often is limited by address
OWNER_LAST = ("nobody", "hub", "other_hub", "operator", "other", "viewer", "owner")

SPAN = f"?from={RUN_MS}&to={RUN_MS + 60_000}"
IN_PATH = {
    "{camera}": DOOR,
    "{run}": str(RUN_MS),
    "{start}": str(RUN_MS),
    "{share}": SHARE,
    "{invitation}": INVITATION,
    "{token}": "nobody-was-mailed-this",
    "{key}": "a/b",
}
QUERIES = {"history": SPAN, "playlist.m3u8": SPAN, "clip.mp4": SPAN}
RUN = a_run(RUN_MS + 120_000)
BATCH = shapes.write(Batch((RunOffer(RUN, 50),), tuple(segments_of(RUN, 1))))
CANCEL = {"choice": {"kind": "cancel", "subscription": "anna-s1", "when": "now"}}
BODIES: dict[str, object] = {
    "POST /v1/accounts": {"email": "new@example.org", "password": "correct horse battery"},
    "POST /v1/accounts/confirmations": {"token": "nobody-was-mailed-this"},
    "POST /v1/password-resets": {"email": "somebody@example.org"},
    "PUT /v1/password-resets/{token}": {"password": "another horse battery"},
    "POST /v1/sessions": {"email": "anna@example.org", "password": PASSWORD},
    "POST /v1/sessions/second-factor": {"challenge": "x" * 40, "code": "123456"},
    "PATCH /v1/account": {"zone": "Europe/Paris"},
    "PUT /v1/account/password": {"password": PASSWORD, "new_password": "another horse battery"},
    "POST /v1/account/address-changes": {"email": "moved@example.org", "password": PASSWORD},
    "POST /v1/account/second-factor": {"password": PASSWORD},
    "PUT /v1/account/second-factor": {"code": "123456"},
    "POST /v1/account/second-factor/removal": {"password": PASSWORD, "code": "123456"},
    "POST /v1/account/recovery-codes": {"password": PASSWORD, "code": "123456"},
    "POST /v1/account/closing": {"confirm": "nothing that was shown", "password": PASSWORD},
    "POST /v1/cameras/{camera}/erase": {"everything": True},
    "POST /v1/cameras/{camera}/shares": {"email": "friend@example.org"},
    "POST /v1/care/previews": CANCEL,
    "POST /v1/care/choices": CANCEL,
    "POST /v1/cameras/{camera}/unbinding": {"confirm": "nothing that was shown"},
    "POST /v1/operator/clock": {"to_ms": NOON_MS + 40 * 24 * 3_600_000},
    "POST /v1/operator/refunds": {"account": "anna", "charge": "no charge", "cents": 100},
    "POST /v1/operator/credits": {"account": "anna", "cents": 100},
    "PUT /v1/care/card": {"setup": "seti_that_nobody_began"},
    "POST /v1/hub/pair": {"code": "no code", "csr_pem": "", "name": "Attic", "version": "1"},
    "POST /v1/hub/renew": {"csr_pem": ""},
    "PUT /v1/hub/cameras": shapes.write(CamerasReport((CameraReport(DOOR, "Front door", "EC60"),))),
    "POST /v1/hub/events": shapes.write(EventsReport((an_event(23 * 3600 + 60),))),
    "POST /v1/hub/uploads": BATCH,
    "POST /v1/hub/commits": BATCH,
    "PUT /v1/objects/{key}": b"bytes",
    "POST /v1/payment-hook": b"{}",
}


@pytest.fixture
async def world(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with api_world(tmp_path, FakeClock(NOON_MS)) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
async def test_each_role_is_answered_as_the_table_says(world: World, row: list[str]) -> None:
    method, path, *expected = row
    body = BODIES.get(f"{method} {path}")
    by_role = dict(zip(ROLES, expected, strict=True))
    answered = {}
    for role in OWNER_LAST:
        await world.clock.advance(WAIT_S)
        status, text = await _ask(world, role, method, path, body)
        answered[role] = f"{status // 100}xx" if by_role[role].endswith("xx") else str(status)
        if role not in ("owner", "viewer", "hub"):
            _refuse_annas(role, text, json.dumps(str(body)) + path)
    assert answered == by_role


async def test_every_endpoint_has_its_line(world: World) -> None:
    _, text = await world.ask("nobody", "GET", "/v1/openapi.json")
    paths = json.loads(text)["paths"]
    served = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    listed = {f"{method} {path}" for method, path, *_ in ROWS}
    assert served - listed == set()


@pytest.mark.parametrize("path", ["/v1/hub/uploads", "/v1/hub/commits"])
async def test_another_hubs_footage_is_refused_in_the_answer(world: World, path: str) -> None:
    _, text = await world.ask("other_hub", "POST", path, BATCH)
    said = json.loads(text)
    assert {each["state"] for each in [*said["runs"], *said["segments"]]} == {"refused"}


async def test_another_hubs_camera_is_not_taken(world: World) -> None:
    _, text = await world.ask("other_hub", "PUT", "/v1/hub/cameras", BODIES["PUT /v1/hub/cameras"])
    assert [each["accepted"] for each in json.loads(text)["cameras"]] == [False]


async def test_another_hubs_events_are_refused(world: World) -> None:
    _, text = await world.ask("other_hub", "POST", "/v1/hub/events", BODIES["POST /v1/hub/events"])
    assert [each["state"] for each in json.loads(text)["events"]] == ["refused"]


async def _ask(world: World, role: str, method: str, path: str, body: object) -> tuple[int, str]:
    address = path
    if path.endswith("/invitations/{invitation}"):
        address = address.replace("{camera}", YARD)
    for name, value in IN_PATH.items():
        address = address.replace(name, value)
    if "{session}" in address:
        address = address.replace("{session}", await _annas(world, "/v1/sessions", "sessions", "id"))
    if "{number}" in address:
        address = address.replace("{number}", await _annas(world, "/v1/documents", "documents", "number"))
    query = QUERIES.get(address.rpartition("/")[2], "")
    given = {"Idempotency-Key": f"{role}-{path}", "If-Match": "*"}
    return await world.ask(role, method, address + query, body, **given)


async def _annas(world: World, path: str, name: str, field: str) -> str:
    """What is in the first line of a list of hers."""
    _, text = await world.ask("owner", "GET", path)
    return str(json.loads(text)[name][0][field])


def _refuse_annas(role: str, text: str, asked: str) -> None:
    """Nothing of Anna's is in what a stranger is answered, but what they asked with themselves."""
    found = [marker for marker in ANNAS if marker in text and marker not in asked]
    assert not found, f"{role} was told {found}: {text[:500]}"
