"""A paired hub speaks with its cloud over TLS that it trusts, proves itself, and learns the time from it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from backsight_agent.adapters import cloud_http
from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.keystore import Keystore
from backsight_agent.adapters.pairing import pair
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared.segment import Run, Segment
from backsight_shared.wire import Batch, CameraReport, CamerasReport, Place, RunOffer
from fakes.certificates import TestAuthority, server_context
from fakes.clock import NOON_MS, FakeClock
from fakes.cloud_server import CloudServer, problem

DOOR = "74fece010203"
WEB = TestAuthority("The cloud's own web authority")
REPORT = CamerasReport((CameraReport(DOOR, "Front door", "EC60"),))
SEGMENTS = tuple(Segment(DOOR, NOON_MS + n, NOON_MS + n + 1, NOON_MS, n, 5) for n in range(3))
BATCH = Batch((RunOffer(Run(DOOR, NOON_MS), 4),), SEGMENTS)
DAY_MS = 86_400_000


@dataclass
class Learned:
    times: list[int] = field(default_factory=list)

    def confirm(self, cloud_time_ms: int) -> None:
        self.times.append(cloud_time_ms)


@dataclass
class Pair:
    """A hub and its cloud."""

    server: CloudServer
    keystore: Keystore
    cloud: HttpCloud
    clock: FakeClock
    time: Learned


@pytest.fixture
async def paired(tmp_path: Path) -> AsyncIterator[Pair]:
    ca_file = tmp_path / "authority.pem"
    ca_file.write_text(WEB.pem)
    keystore, clock, time = Keystore(tmp_path / "state"), FakeClock(), Learned()
    async with CloudServer(codes={"GOOD": ""}).serving(server_context(WEB.server(), tmp_path)) as server:
        await pair(server.url, "GOOD", "Attic", ca_file, keystore, server.clock)
        server.calls.clear()
        server.tokens.clear()
        async with HttpCloud(keystore, clock, time) as cloud:
            yield Pair(server, keystore, cloud, clock, time)


async def test_cameras_are_reported(paired: Pair) -> None:
    answer = await paired.cloud.report_cameras(REPORT)
    assert [camera.accepted for camera in answer.cameras] == [True]
    assert paired.server.cloud.reports == [REPORT]


async def test_a_batch_is_placed_put_and_committed(paired: Pair) -> None:
    places = await paired.cloud.places(BATCH)
    await paired.cloud.put(places.runs[0], b"init")
    for number, place in enumerate(places.segments):
        await paired.cloud.put(place, b"data" + bytes([number]))
    commits = await paired.cloud.commits(BATCH)
    assert {commit.state for commit in (*commits.runs, *commits.segments)} == {"stored"}
    assert paired.server.cloud.indexed == list(SEGMENTS)
    assert paired.server.cloud.data_of(SEGMENTS) == [b"data\x00", b"data\x01", b"data\x02"]


async def test_several_megabytes_are_put_with_their_length_announced(paired: Pair) -> None:
    places = await paired.cloud.places(BATCH)
    data = bytes(5_000_000)
    await paired.cloud.put(places.segments[0], data)
    assert paired.server.cloud.objects[f"{DOOR}/{NOON_MS}"] == data


async def test_the_certificate_is_renewed_for_the_same_key(paired: Pair) -> None:
    renewed = await paired.cloud.renew(paired.keystore.request_certificate())
    assert paired.keystore.fits(renewed.certificate_pem)


async def test_one_token_serves_several_calls_and_goes_with_no_put(paired: Pair) -> None:
    places = await paired.cloud.places(BATCH)
    await paired.cloud.put(places.segments[0], b"data")
    await paired.cloud.commits(BATCH)
    first, put, last = paired.server.tokens
    assert first == last != ""
    assert put == ""


async def test_every_answer_confirms_the_time(paired: Pair) -> None:
    paired.server.clock.jump(3000)
    await paired.cloud.report_cameras(REPORT)
    assert paired.time.times == [NOON_MS + 3000]


async def test_a_time_that_was_long_on_its_way_confirms_nothing(paired: Pair) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await paired.clock.advance(11)
        return problem(503, "busy")

    paired.server.instead = slow
    with pytest.raises(CloudUnavailable):
        await paired.cloud.report_cameras(REPORT)
    assert paired.time.times == []


@pytest.mark.parametrize("said", ["", "noon", "-5", "1" * 40, "\u0661\u0662"])
async def test_a_strange_time_confirms_nothing(paired: Pair, said: str) -> None:
    async def strange(_: web.Request) -> web.StreamResponse:
        return web.json_response({"cameras": []}, headers={"Backsight-Time": said})

    paired.server.instead = strange
    await paired.cloud.report_cameras(CamerasReport(()))
    assert paired.time.times == []


@pytest.mark.parametrize("off_ms", [-20 * 365 * DAY_MS, -DAY_MS, DAY_MS])
async def test_a_hub_whose_clock_is_wrong_proves_itself_by_the_clouds_time(paired: Pair, off_ms: int) -> None:
    paired.clock.jump(off_ms)
    answer = await paired.cloud.report_cameras(REPORT)
    assert answer.cameras[0].accepted
    assert paired.server.calls == ["PUT /v1/hub/cameras"] * 2
    await paired.cloud.report_cameras(REPORT)
    assert len(paired.server.calls) == 3
    assert paired.time.times[0] == NOON_MS


async def test_calls_at_the_same_time_prove_themselves_by_the_clouds_time(paired: Pair) -> None:
    paired.clock.jump(-DAY_MS)
    answers = await asyncio.gather(*(paired.cloud.report_cameras(REPORT) for _ in range(4)))
    assert all(answer.cameras[0].accepted for answer in answers)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_hub_that_is_not_known_any_more_is_told_what_to_do_and_asks_once(
    paired: Pair, status: int
) -> None:
    async def unknown(_: web.Request) -> web.StreamResponse:
        return problem(status, "this hub was unpaired")

    paired.server.instead = unknown
    with pytest.raises(CloudRefusedHub, match=r"this hub was unpaired.*pair it anew"):
        await paired.cloud.report_cameras(REPORT)
    assert len(paired.server.calls) == 1


async def test_a_wrong_clock_and_an_unknown_hub_end_after_a_second_call(paired: Pair) -> None:
    async def unknown(_: web.Request) -> web.StreamResponse:
        return problem(401, "too old")

    paired.server.instead = unknown
    paired.clock.jump(DAY_MS)
    with pytest.raises(CloudRefusedHub):
        await paired.cloud.report_cameras(REPORT)
    assert len(paired.server.calls) == 2


@pytest.mark.parametrize("status", [302, 400, 404, 409, 413, 422, 429, 500, 502, 503])
async def test_any_other_error_is_an_outage(paired: Pair, status: int) -> None:
    async def error(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "https://127.0.0.1:1/"})

    paired.server.instead = error
    with pytest.raises(CloudUnavailable, match=str(status)):
        await paired.cloud.commits(BATCH)
    with pytest.raises(CloudUnavailable, match=str(status)):
        await paired.cloud.put(Place("put", "/v1/objects/x"), b"data")


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"runs": [], "segments": []}', "\x00", "[" * 100_000])
async def test_an_answer_that_does_not_fit_is_an_outage(paired: Pair, body: str) -> None:
    async def strange(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    paired.server.instead = strange
    with pytest.raises(CloudUnavailable, match="the cloud"):
        await paired.cloud.places(BATCH)
    with pytest.raises(CloudUnavailable, match="the cloud"):
        await paired.cloud.commits(BATCH)


async def test_an_endless_answer_is_an_outage(paired: Pair) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b" " * 65_536)
        return answer

    paired.server.instead = endless
    with pytest.raises(CloudUnavailable, match="larger than"):
        await paired.cloud.report_cameras(REPORT)


async def test_a_cloud_that_says_nothing_is_an_outage(paired: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_http, "CALL_TIMEOUT", aiohttp.ClientTimeout(total=0.2))

    async def silent(_: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(2):
            await asyncio.Event().wait()
        return web.Response()

    paired.server.instead = silent
    with pytest.raises(CloudUnavailable, match="does not answer in time"):
        await paired.cloud.report_cameras(REPORT)


async def test_a_connection_that_is_cut_in_the_middle_is_an_outage(paired: Pair) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b'{"cameras"')
        assert request.transport is not None
        request.transport.close()
        return answer

    paired.server.instead = cut
    with pytest.raises(CloudUnavailable, match="cannot be reached"):
        await paired.cloud.report_cameras(REPORT)


@pytest.mark.parametrize(
    "url", ["http://192.168.1.5/x", "ftp://127.0.0.1/x", "http://[", "//127.0.0.1:1/x?permission=secret"]
)
async def test_footage_goes_to_no_unsafe_place_and_no_permission_into_a_message(
    paired: Pair, url: str
) -> None:
    with pytest.raises(CloudUnavailable) as refusal:
        async with asyncio.timeout(5):
            await paired.cloud.put(Place("put", url), b"data")
    assert "secret" not in str(refusal.value)


async def test_footage_may_go_to_another_server_at_an_absolute_address(paired: Pair) -> None:
    async with CloudServer().serving(None) as store:
        await paired.cloud.put(Place("put", f"{store.url}/v1/objects/a/b?signature=a%2Bb"), b"data")
        assert store.cloud.objects == {"a/b": b"data"}
        assert store.tokens == [""]


async def test_another_server_is_not_trusted_by_the_clouds_own_authority(
    paired: Pair, tmp_path: Path
) -> None:
    async with CloudServer().serving(server_context(WEB.server(), tmp_path)) as store:
        with pytest.raises(CloudUnavailable, match="not trusted"):
            await paired.cloud.put(Place("put", f"{store.url}/v1/objects/a?signature=a%2Bb"), b"data")


async def test_a_cloud_that_shows_another_certificate_later_is_an_outage(
    paired: Pair, tmp_path: Path
) -> None:
    (tmp_path / "impostor").mkdir()
    context = server_context(TestAuthority("impostor").server(), tmp_path / "impostor")
    async with CloudServer().serving(context) as impostor:
        file = tmp_path / "state" / "pairing.json"
        file.write_text(file.read_text().replace(paired.server.url, impostor.url))
        async with HttpCloud(paired.keystore, paired.clock, paired.time) as cloud:
            with pytest.raises(CloudUnavailable, match="not trusted"):
                await cloud.report_cameras(REPORT)
        assert impostor.tokens == []
