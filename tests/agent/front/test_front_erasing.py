"""`erase` and `ledger` at the hub: told before, done by the running agent, and to be read afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backsight_agent.__main__ import main
from backsight_agent.adapters.store.opening import open_store
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, record
from fakes.house import HOUR_MS, House, a_house

SETTINGS = """\
state = "state"
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
username = "you@example.com"
password_file = "kasa.password"
[history]
window = "30d"
[local_api]
listen = "127.0.0.1:0"
"""
BEGINS = NOON_MS - HOUR_MS
SPAN = ("--from", str(BEGINS + 5_000), "--to", str(BEGINS + 30_000))


@pytest.fixture
def config(secrets: Path) -> Path:
    file = secrets / "agent.toml"
    file.write_text(SETTINGS)
    return file


@pytest.fixture
async def house(config: Path) -> AsyncIterator[House]:
    """An agent's API as the commands find it, with a minute of footage behind it."""
    state = config.parent / "state"
    state.mkdir()
    async with a_house(state) as opened:
        await record(opened.store, 6, BEGINS)
        (state / "running.json").write_text(json.dumps({"url": opened.url}))
        yield opened


async def run(config: Path, *words: str) -> int:
    return await asyncio.to_thread(main, [*words, "--config", str(config)])


async def left(house: House) -> int:
    return len(await house.store.history.segments(CAMERA, 0, 2**50, None))


async def test_without_yes_it_only_says_what_would_go(
    config: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "erase", "Front door", *SPAN) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "3 segments" in said.err
    assert "Say it again with --yes" in said.err
    assert await left(house) == 6


async def test_with_yes_it_goes_and_is_in_the_ledger(
    config: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "erase", CAMERA, *SPAN, "--yes") == 0
    assert "3 segments" in capsys.readouterr().out
    assert await left(house) == 3
    assert await run(config, "ledger") == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.index("WHY") == line.index("owner")
    assert "Front door" in line


async def test_everything_goes_by_one_word(
    config: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "erase", "front DOOR", "--everything", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["count"] == 6
    assert await left(house) == 0


async def test_the_ledger_as_json_and_by_span(
    config: Path, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(config, "erase", CAMERA, *SPAN, "--yes")
    capsys.readouterr()
    await run(config, "ledger", "Front door", "--json", "--to", str(BEGINS + 1))
    (line,) = json.loads(capsys.readouterr().out)["erasures"]
    assert (line["camera"], line["reason"], line["count"]) == (CAMERA, "owner", 3)
    await run(config, "ledger", "Front door", "--json", "--to", str(BEGINS))
    assert json.loads(capsys.readouterr().out) == {"erasures": []}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what is to be erased"),
        (("--from", "2h"), "say what is to be erased"),
        (("--everything", "--from", "2h"), "neither --from nor --to"),
        (("--from", "1h", "--to", "2h"), "must be later than --from"),
        (("--from", "noonish", "--to", "2h"), "is no moment"),
    ],
)
async def test_what_says_no_span_is_complained_of(
    config: Path, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "erase", "Front door", *words, "--yes") == 1
    assert says in capsys.readouterr().err


async def test_without_a_running_agent_nothing_is_erased(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(config, "erase", "Front door", "--everything", "--yes") == 1
    assert "the agent is not running" in capsys.readouterr().err


async def test_without_a_running_agent_the_ledger_is_read_from_the_disk(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, now_ms = config.parent / "state", time.time_ns() // 1_000_000
    assert await run(config, "ledger") == 0
    assert capsys.readouterr().out == "Nothing has left the history here.\n"
    state.mkdir()
    async with open_store(state, FakeClock()) as store:
        (one,) = await record(store, 1, now_ms - HOUR_MS)
        await store.retention.erase_span(CAMERA, one.start_ms, one.end_ms, "disk_full", now_ms)
    assert await run(config, "ledger", "--from", "2h") == 0
    assert "disk full" in capsys.readouterr().out
