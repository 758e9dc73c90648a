"""Hubs are let in by a fresh token of their own key, for this cloud, while they are paired."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from backsight_shared import shapes
from backsight_shared.signing import HUB_TOKEN_LIFE_S, sign_hub_token
from backsight_shared.wire import CameraReport, CamerasReport, PairRequest, RenewRequest
from fakes.hub_keys import HubKey
from fakes.site import site_of
from fakes.town import Town

REPORT = shapes.write(CamerasReport((CameraReport("74fece010203", "Door", "EC60"),)))


class Door:
    """The hub API of the town, and the one who knocks."""

    def __init__(self, town: Town, client: TestClient) -> None:  # type: ignore[type-arg]
        self.town = town
        self.client = client

    async def knock(self, token: str) -> ClientResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.client.put("/v1/hub/cameras", json=REPORT, headers=headers)

    def token(self, seconds_off: int = 0, cloud: str = "cloud-x") -> str:
        hub, now_ms = self.town.ann_hub.id, self.town.clock.now_ms()
        return self.town.keys[hub].token(hub, cloud, now_ms + seconds_off * 1000)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    town = await Town(tmp_path).founded()
    async with TestClient(TestServer(site_of(town, tmp_path))) as client:
        yield Door(town, client)


async def test_a_paired_hub_is_let_in(door: Door) -> None:
    answer = await door.knock(door.token())
    assert answer.status == 200
    assert (await answer.json())["cameras"][0]["accepted"] is True


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (lambda door: "", "token is needed"),
        (lambda door: "nonsense", "not a signed document"),
        (lambda door: "x" * 5000, "token is needed"),
        (lambda door: door.token(cloud="cloud-y"), "for another cloud"),
        (lambda door: door.token(seconds_off=-HUB_TOKEN_LIFE_S), "too old"),
        (lambda door: door.token(seconds_off=HUB_TOKEN_LIFE_S + 2), "clock is wrong"),
        (
            lambda door: HubKey().token(door.town.ann_hub.id, "cloud-x", door.town.clock.now_ms()),
            "does not fit",
        ),
        (lambda door: another_hubs_key(door), "does not fit"),
        (lambda door: strangers_key(door, "h-nobody"), "not paired"),
        (lambda door: door.token()[:-4] + "AAAA", "does not fit"),
        (lambda door: without_signature(door.token()), "not of the kind"),
    ],
)
async def test_everyone_else_is_refused(door: Door, forge: Callable[[Door], str], says: str) -> None:
    answer = await door.knock(forge(door))
    assert answer.status == 401
    assert answer.content_type == "application/problem+json"
    assert says in (await answer.json())["detail"]


def strangers_key(door: Door, hub: str) -> str:
    return HubKey().token(hub, "cloud-x", door.town.clock.now_ms())


def another_hubs_key(door: Door) -> str:
    key = door.town.keys[door.town.bob_hub.id]
    return sign_hub_token(key.private_pem, door.town.ann_hub.id, "cloud-x", door.town.clock.now_ms() // 1000)


def without_signature(token: str) -> str:
    header = {"alg": "none", "typ": "backsight-hub+jwt"}
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{encoded}.{token.split('.')[1]}."


async def test_a_clock_that_is_off_within_a_tokens_life_is_accepted(door: Door) -> None:
    for seconds in (-HUB_TOKEN_LIFE_S + 5, HUB_TOKEN_LIFE_S - 5):
        assert (await door.knock(door.token(seconds_off=seconds))).status == 200


async def test_an_unpaired_hub_is_refused_at_once(door: Door) -> None:
    await door.town.pairing.unpair(door.town.ann_hub.id, "ann")
    answer = await door.knock(door.token())
    assert answer.status == 401
    assert "not paired" in (await answer.json())["detail"]


async def test_every_answer_says_our_time_also_a_refusal(door: Door) -> None:
    for token in ("", door.token()):
        answer = await door.knock(token)
        assert answer.headers["Backsight-Time"] == str(door.town.clock.now_ms())


async def test_pairing_over_http_gives_what_the_hub_needs(door: Door) -> None:
    code, key = await door.town.pairing.make_code("ann"), HubKey()
    asked = PairRequest(code, key.csr(), "Attic", "1.0")
    answer = await door.client.post("/v1/hub/pair", json=shapes.write(asked))
    made = await answer.json()
    assert answer.status == 201
    assert (made["cloud"], made["broker_port"]) == ("cloud-x", 8883)
    token = key.token(made["hub"], "cloud-x", door.town.clock.now_ms())
    assert (await door.knock(token)).status == 200


async def test_a_wrong_code_is_refused_in_words(door: Door) -> None:
    asked = PairRequest("AAA-AAA-AAA", HubKey().csr(), "Attic", "1.0")
    answer = await door.client.post("/v1/hub/pair", json=shapes.write(asked))
    assert answer.status == 422
    assert (await answer.json())["detail"] == "the code is wrong, used or too old"


async def test_guessing_codes_is_answered_with_the_time_to_wait(door: Door) -> None:
    asked = shapes.write(PairRequest("AAA-AAA-AAA", HubKey().csr(), "Attic", "1.0"))
    for _ in range(10):
        await door.client.post("/v1/hub/pair", json=asked)
    answer = await door.client.post("/v1/hub/pair", json=asked)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "30"


async def test_a_certificate_is_renewed(door: Door) -> None:
    asked = shapes.write(RenewRequest(door.town.keys[door.town.ann_hub.id].csr()))
    headers = {"Authorization": f"Bearer {door.token()}"}
    answer = await door.client.post("/v1/hub/renew", json=asked, headers=headers)
    assert answer.status == 200
    assert (await answer.json())["certificate_pem"].startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "must be an object"),
        (b'{"cameras": 3}', "message.cameras must be a list"),
        (b'{"cameras": [{}]}', "message.cameras[0].camera is missing"),
        (b'{"cameras": [{"camera": "x", "name": "n", "model": "m"}]}', "is not a MAC"),
    ],
)
async def test_a_bad_body_is_refused_with_its_place(door: Door, body: bytes, says: str) -> None:
    headers = {"Authorization": f"Bearer {door.token()}"}
    answer = await door.client.put("/v1/hub/cameras", data=body, headers=headers)
    assert answer.status == 400
    assert says in (await answer.json())["detail"]


async def test_a_body_that_is_too_large_is_refused(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.token()}"}
    answer = await door.client.put("/v1/hub/cameras", data=b" " * 2_000_000, headers=headers)
    assert answer.status == 413


async def test_the_authoritys_certificate_can_be_fetched(door: Door) -> None:
    answer = await door.client.get("/v1/ca.crt")
    assert await answer.text() == door.town.authority.ca_pem
