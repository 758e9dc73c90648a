"""A person at the hub erases through the local API: told before, from this machine, never for a web page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.adapters.local_erasing import _is_here
from fakes.clock import NOON_MS
from fakes.footage_of_hub import CAMERA, record
from fakes.house import HOUR_MS, House, a_house

ERASE = f"/cameras/{CAMERA}/erase"
BEGINS = NOON_MS - HOUR_MS
SPAN = {"from_ms": BEGINS + 5_000, "to_ms": BEGINS + 30_000}
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        await record(opened.store, 6, BEGINS)
        yield opened


async def left(house: House) -> list[int]:
    segments = await house.store.history.segments(CAMERA, 0, 2**50, None)
    return [(one.start_ms - BEGINS) // 1000 for one in segments]


async def test_it_is_said_first_what_would_go(house: House) -> None:
    status, said = await house.post(ERASE, SPAN)
    size = (await house.store.history.segments(CAMERA, 0, 2**50, None))[0].size_bytes
    assert status == 200
    assert said == {
        "camera": CAMERA,
        "erased": False,
        **SPAN,
        "count": 3,
        "size_bytes": 3 * size,
        "cloud_copy": False,
        "later_ms": None,
    }
    assert await left(house) == [0, 10, 20, 30, 40, 50]


async def test_said_again_in_earnest_it_goes_with_its_line(house: House) -> None:
    house.windows.changed.clear()
    status, said = await house.post(ERASE, {**SPAN, "really": True})
    assert (status, said["erased"], said["count"]) == (200, True, 3)
    assert await left(house) == [30, 40, 50]
    assert house.windows.changed.is_set()  # the pruner unlinks the files
    lines = await house.store.history.erasures(CAMERA, 9)
    assert [(line.reason, line.count) for line in lines] == [("owner", 3)]


async def test_everything_goes_up_to_now(house: House) -> None:
    await record(house.store, 2, NOON_MS + 2 * HOUR_MS)  # a clock ran ahead
    _, said = await house.post(ERASE, {"everything": True, "really": True})
    assert (said["count"], said["to_ms"]) == (6, NOON_MS)
    assert said["later_ms"] == NOON_MS + 2 * HOUR_MS + 20_000
    assert len(await left(house)) == 2


async def test_a_span_of_many_days_is_counted_once(house: House) -> None:
    for day in range(1, 4):
        await record(house.store, 3, NOON_MS - day * 24 * HOUR_MS - 15_000)
    assert (await house.post(ERASE, {"everything": True}))[1]["count"] == 15


async def test_doing_it_twice_changes_nothing(house: House) -> None:
    await house.post(ERASE, {**SPAN, "really": True})
    assert (await house.post(ERASE, {**SPAN, "really": True}))[1]["count"] == 0


async def test_a_paired_hub_says_that_the_cloud_has_a_copy(tmp_path: Path) -> None:
    async with a_house(tmp_path, paired=True) as house:
        assert (await house.post(ERASE, {"everything": True}))[1]["cloud_copy"] is True


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8480"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Host": "evil.example"}, 421),
    ],
)
async def test_a_web_page_erases_nothing(house: House, headers: dict[str, str], status: int) -> None:
    assert (await house.post(ERASE, {"everything": True, "really": True}, **headers))[0] == status
    assert len(await left(house)) == 6


async def test_a_browser_that_asks_whether_a_page_may_is_not_told_yes(house: House) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with house.session.options(house.url + ERASE, headers=headers) as answer:
        assert answer.status == 405
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_without_the_token_nothing_is_erased_where_there_is_one(tmp_path: Path) -> None:
    async with a_house(tmp_path, lan=True, token=TOKEN) as house:
        assert (await house.post(ERASE, {"everything": True}))[0] == 401
        bearer = f"Bearer {TOKEN}"
        assert (await house.post(ERASE, {"everything": True}, Authorization=bearer))[0] == 200


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("::ffff:192.168.1.7", False),
        ("", False),
    ],
)
def test_only_this_machine_itself_is_here(address: str, here: bool) -> None:
    assert _is_here(address) is here


async def test_while_the_clock_is_in_doubt_nothing_is_erased(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.looking.time, "trusted_now_ms", lambda: None)
    status, problem = await house.post(ERASE, {"everything": True, "really": True})
    assert (status, problem["title"]) == (409, "The clock is in doubt")
    assert len(await left(house)) == 6


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"from_ms": 5}, 400),
        ({"from_ms": 5, "to_ms": 5}, 400),
        ({"from_ms": "noon", "to_ms": 5}, 400),
        ({"from_ms": 5, "to_ms": 9, "everything": True}, 400),
        ({"from_ms": NOON_MS + 1, "to_ms": NOON_MS + 2}, 422),
    ],
)
async def test_what_says_no_span_is_refused(house: House, body: object, status: int) -> None:
    assert (await house.post(ERASE, body))[0] == status


async def test_an_unknown_camera_is_one(house: House) -> None:
    assert (await house.post("/cameras/000000000000/erase", {"everything": True}))[0] == 404


# ------------------------------------------------------------ what left


async def test_the_ledger_is_asked_for_a_span_of_the_history(house: House) -> None:
    await house.post(ERASE, {**SPAN, "really": True})
    for query, found in (
        ("", 1),
        (f"?from={BEGINS}&to={BEGINS + 1}", 1),
        (f"?from={BEGINS + 30_000}", 0),
        (f"?to={BEGINS}", 0),
    ):
        status, _, body = await house.get(f"/cameras/{CAMERA}/erasures{query}")
        assert status == 200
        assert body.count(b'"reason"') == found


async def test_a_span_that_is_none_is_refused(house: House) -> None:
    assert (await house.get(f"/cameras/{CAMERA}/erasures?from=5&to=5"))[0] == 400
