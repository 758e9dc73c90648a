"""The local API answers this machine's own programs; others only where the owner wants it, with the token."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from backsight_agent.adapters.local_api import CannotListen, LocalApiSettings, listening, serve_local
from backsight_shared.errors import NeedsAttention
from fakes.clock import NOON_MS
from fakes.footage_of_hub import CAMERA, film_run
from fakes.house import House, a_house

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def open_house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path, lan=True, token=TOKEN) as opened:
        yield opened


@pytest.mark.parametrize("host", ["127.0.0.1:8480", "localhost:8480", "LOCALHOST", "[::1]:8480", "127.9.9.9"])
async def test_names_of_this_machine_are_answered(house: House, host: str) -> None:
    assert (await house.get("/status", Host=host))[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8480", "127.0.0.1.evil.example", "192.168.1.2"]
)
async def test_other_names_are_a_web_pages_trick(house: House, host: str) -> None:
    status, headers, body = await house.get("/status", Host=host)
    assert (status, json.loads(body)["title"]) == (421, "This machine is not called that")
    assert "Access-Control-Allow-Origin" not in headers


async def test_on_the_lan_an_address_will_do_and_a_foreign_name_will_not(open_house: House) -> None:
    bearer = f"Bearer {TOKEN}"
    assert (await open_house.get("/status", Host="192.168.1.2:8480", Authorization=bearer))[0] == 200
    assert (await open_house.get("/status", Host="evil.example", Authorization=bearer))[0] == 421


async def test_without_the_token_nothing_is_answered(open_house: House) -> None:
    for path in ("/status", "/cameras", f"/cameras/{CAMERA}/clip.mp4?from=1&to=2", "/nothing"):
        status, headers, _ = await open_house.get(path)
        assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("wrong", ["", "x", TOKEN[:-1], TOKEN + "0", "ä" * 32])
async def test_a_wrong_token_is_refused(open_house: House, wrong: str) -> None:
    assert (await open_house.get(f"/status?token={wrong}"))[0] == 401


async def test_a_player_brings_the_token_in_the_address_and_the_playlist_goes_on_with_it(
    open_house: House,
) -> None:
    await film_run(open_house.store, 1)
    folder = f"/cameras/{CAMERA}/"
    address = f"{folder}playlist.m3u8?from={NOON_MS}&to={NOON_MS + 9000}&token={TOKEN}"
    status, _, body = await open_house.get(address)
    segment = next(line for line in body.decode().splitlines() if line.startswith("segments/"))
    assert status == 200
    assert (await open_house.get(folder + segment))[0] == 200
    assert (await open_house.get(folder + segment.partition("?")[0]))[0] == 401


def test_opening_to_the_lan_without_a_token_is_refused() -> None:
    with pytest.raises(NeedsAttention, match="token_file"):
        LocalApiSettings("0.0.0.0", 8480, lan=True)
    with pytest.raises(NeedsAttention, match="lan = true"):
        LocalApiSettings("192.168.1.2", 8480)


def test_the_token_does_not_show() -> None:
    assert TOKEN not in repr(LocalApiSettings("0.0.0.0", 8480, lan=True, token=TOKEN))


async def test_an_address_that_is_taken_is_named_with_the_way_out(house: House) -> None:
    port = int(house.url.rpartition(":")[2])
    with pytest.raises(CannotListen, match=r"\[local_api\] listen"):
        async with listening(LocalApiSettings("127.0.0.1", port), house.looking):
            pass


async def test_the_running_file_says_where_while_it_runs(house: House, tmp_path: Path) -> None:
    file = tmp_path / "running.json"
    task = asyncio.create_task(serve_local(LocalApiSettings("127.0.0.1", 0), house.looking, file))
    async with asyncio.timeout(5):
        while not file.exists():
            await asyncio.sleep(0)
    url = json.loads(file.read_text())["url"]
    async with house.session.get(f"{url}/status") as answer:
        assert answer.status == 200
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not file.exists()
