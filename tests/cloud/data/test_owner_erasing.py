"""An owner's programs erase what is theirs in two steps, and read what left in pages."""

from typing import Any

import pytest
from aiohttp import ClientSession

from fakes.clock import NOON_MS
from fakes.cloud_site import CloudSite, get
from fakes.household import ANNA, BERT, DOOR, HOUR_MS, a_camera, a_run, an_event, record, segments_of

RUN = a_run(NOON_MS - HOUR_MS)
SEGMENTS = segments_of(RUN, 6)
BEGINS = RUN.run_ms
ERASE = f"/v1/cameras/{DOOR}/erase"
SPAN = {"from_ms": BEGINS + 5_000, "to_ms": BEGINS + 30_000}


async def post(browser: ClientSession, body: object, path: str = ERASE) -> tuple[int, Any]:
    async with browser.post(path, json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def shown(browser: ClientSession) -> list[int]:
    """The starts of what is left, in seconds from the run's beginning."""
    _, history = await get(browser, f"/v1/cameras/{DOOR}/history?from=0&to={NOON_MS}")
    return [(segment["start_ms"] - BEGINS) // 1000 for segment in history["segments"]]


@pytest.fixture
async def recorded(site: CloudSite) -> CloudSite:
    await site.store(RUN, SEGMENTS)
    async with site.database.begin() as tx:
        await tx.events.note(ANNA, [an_event(-3600, 5)])
    return site


# ------------------------------------------------------------ erasing


async def test_it_is_announced_first_and_nothing_goes(recorded: CloudSite, anna: ClientSession) -> None:
    status, preview = await post(anna, SPAN)
    assert status == 200
    assert {name: preview[name] for name in preview if name != "confirm"} == {
        "erased": False,
        **SPAN,
        "first_ms": BEGINS,
        "last_ms": BEGINS + 30_000,
        "count": 3,
        "size_bytes": 300,
        "events": 0,
        "confirm_until_ms": NOON_MS + 15 * 60_000,
    }
    assert await shown(anna) == [0, 10, 20, 30, 40, 50]


async def test_with_its_confirmation_it_is_done(recorded: CloudSite, anna: ClientSession) -> None:
    _, preview = await post(anna, SPAN)
    status, done = await post(anna, {**SPAN, "confirm": preview["confirm"]})
    assert (status, done["erased"], done["count"]) == (200, True, 3)
    assert await shown(anna) == [30, 40, 50]
    for path in (f"segments/{BEGINS}.m4s", f"clip.mp4?from={BEGINS}&to={BEGINS + 30_000}"):
        assert (await get(anna, f"/v1/cameras/{DOOR}/{path}"))[0] == 404


async def test_everything_goes_in_the_same_two_steps(recorded: CloudSite, anna: ClientSession) -> None:
    _, preview = await post(anna, {"everything": True})
    assert (preview["count"], preview["events"], preview["to_ms"]) == (6, 1, NOON_MS)
    status, _ = await post(anna, {"everything": True, "confirm": preview["confirm"]})
    assert status == 200
    assert await shown(anna) == []


async def test_a_confirmation_of_something_else_is_a_conflict(
    recorded: CloudSite, anna: ClientSession
) -> None:
    _, preview = await post(anna, SPAN)
    for body in ({"everything": True, "confirm": preview["confirm"]}, {**SPAN, "confirm": "made up"}):
        status, problem = await post(anna, body)
        assert (status, problem["title"]) == (409, "Not confirmed")
    assert await shown(anna) == [0, 10, 20, 30, 40, 50]


async def test_a_span_without_a_history_is_refused(recorded: CloudSite, anna: ClientSession) -> None:
    status, problem = await post(anna, {"from_ms": NOON_MS + 1, "to_ms": NOON_MS + 2})
    assert (status, "still to come" in problem["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "from_ms"),
        ({"from_ms": 5}, "to_ms"),
        ({"from_ms": -5, "to_ms": 5}, "from_ms"),
        ({"from_ms": 5, "to_ms": 10**18}, "to_ms"),
        ({"from_ms": 5, "to_ms": 5}, "to_ms"),
        ({"from_ms": 5, "to_ms": 9, "everything": True}, "everything"),
    ],
)
async def test_a_bad_span_is_refused_and_the_field_is_named(
    anna: ClientSession, body: dict[str, object], field: str
) -> None:
    status, problem = await post(anna, body)
    assert (status, problem["field"]) == (400, field)


async def test_a_body_of_another_shape_is_a_bad_request(anna: ClientSession) -> None:
    for body in ([], {"from_ms": "noon", "to_ms": 5}, {"everything": 1}):
        assert (await post(anna, body))[0] == 400


async def test_a_foreign_camera_is_answered_as_one_that_does_not_exist(
    recorded: CloudSite, anna: ClientSession
) -> None:
    bert = await recorded.signed_in(BERT)
    _, preview = await post(anna, SPAN)
    for body in (SPAN, {**SPAN, "confirm": preview["confirm"]}):
        foreign = await post(bert, body)
        unknown = await post(bert, body, "/v1/cameras/000000000000/erase")
        assert foreign == unknown
        assert foreign[0] == 404
    assert len(await shown(anna)) == 6


async def test_without_a_session_nothing_is_erased(recorded: CloudSite) -> None:
    assert (await post(recorded.browser(), SPAN))[0] == 401


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
async def test_another_sites_page_erases_nothing(
    recorded: CloudSite, anna: ClientSession, headers: dict[str, str]
) -> None:
    async with anna.post(ERASE, json={"everything": True}, headers=headers) as answer:
        assert answer.status == 403


# ------------------------------------------------------------ what left


async def test_the_ledger_says_what_left_when_and_why(recorded: CloudSite, anna: ClientSession) -> None:
    _, preview = await post(anna, SPAN)
    await post(anna, {**SPAN, "confirm": preview["confirm"]})
    status, answer = await get(anna, f"/v1/cameras/{DOOR}/erasures")
    assert status == 200
    assert answer == {
        "erasures": [
            {
                "camera": DOOR,
                "at_ms": NOON_MS,
                "reason": "owner",
                "from_ms": BEGINS,
                "to_ms": BEGINS + 30_000,
                "count": 3,
                "size_bytes": 300,
            }
        ],
        "next": None,
    }


async def write_lines(site: CloudSite, count: int) -> None:
    for hour in range(count):
        run = a_run(NOON_MS + hour * HOUR_MS)
        await record(site.database, run, segments_of(run, 1))
        async with site.database.begin() as tx:
            await tx.erasing.erase_all(a_camera(), "owner", run.run_ms)


async def test_it_comes_in_pages(site: CloudSite, anna: ClientSession) -> None:
    await write_lines(site, 5)
    found, after = [], ""
    while after is not None:
        _, page = await get(anna, f"/v1/cameras/{DOOR}/erasures?limit=2{after and f'&after={after}'}")
        found += [(line["at_ms"] - NOON_MS) // HOUR_MS for line in page["erasures"]]
        after = page["next"]
    assert found == [4, 3, 2, 1, 0]


async def test_it_is_asked_for_a_span_of_the_history(site: CloudSite, anna: ClientSession) -> None:
    await write_lines(site, 3)
    _, page = await get(anna, f"/v1/cameras/{DOOR}/erasures?from={NOON_MS}&to={NOON_MS + HOUR_MS}")
    assert len(page["erasures"]) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("after=x", "after"),
        ("from=5", "to"),
    ],
)
async def test_a_bad_question_is_refused_and_the_field_is_named(
    anna: ClientSession, query: str, field: str
) -> None:
    status, problem = await get(anna, f"/v1/cameras/{DOOR}/erasures?{query}")
    assert (status, problem["field"]) == (400, field)
