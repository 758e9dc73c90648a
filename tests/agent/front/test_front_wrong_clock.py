"""The whole agent on a machine without a clock: it records at once, and is right once it knows the time."""

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from backsight_agent import app
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.config import load
from backsight_agent.domain import trusted_time
from backsight_agent.domain.boxes import parse_header
from backsight_shared.clock import SystemClock
from simcam.street import Street

OpenStreet = Callable[..., Awaitable[Street]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SETTINGS = """
state = "state"
history = {{ window = "1h" }}
local_api = {{ listen = "127.0.0.1:0" }}
[[camera]]
name = "Front door"
mac = "{mac}"
family = "kasa"
host = "{address}"
username = "owner@example.com"
password_file = "kasa.password"
"""


class MachineClock(SystemClock):
    """Shows 1970 when the machine was started, until NTP sets it."""

    def __init__(self) -> None:
        self.ahead_ms = 60_000 - time.time_ns() // 1_000_000
        self.synchronised = False

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def set_right(self) -> None:
        self.ahead_ms, self.synchronised = 0, True


async def test_a_hub_that_boots_in_1970(
    secrets: Path, open_street: OpenStreet, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    street = await open_street(kasa=1, tapo=0)
    camera, clock = street.cameras[0], MachineClock()
    monkeypatch.setattr(app, "synchronised", lambda: clock.synchronised)
    monkeypatch.setattr(trusted_time, "SETTLE_S", 3.0)
    (secrets / "agent.toml").write_text(SETTINGS.format(mac=camera.setup.mac, address=camera.address))
    settings, began_ms = load(secrets / "agent.toml"), time.time_ns() // 1_000_000
    with caplog.at_level(logging.INFO):
        agent = asyncio.ensure_future(app.run_agent(settings, clock))
        await asyncio.sleep(20)
        clock.set_right()
        set_ms = time.time_ns() // 1_000_000
        await until(lambda: "segments are dated" in caplog.text, 60)
        await asyncio.sleep(3)
        agent.cancel()
        with suppress(asyncio.CancelledError):
            await agent
    await check(settings.state, began_ms, set_ms)


async def check(state: Path, began_ms: int, set_ms: int) -> None:
    async with open_store(state, SystemClock()) as store:
        (identity,) = await store.history.cameras()
        segments = list(await store.history.segments(identity, 0, 2**50, None))
        assert await store.undated.count() == 0
        assert segments
        assert began_ms - 5_000 < segments[0].start_ms < began_ms + 10_000
        assert segments[0].end_ms < set_ms < segments[-1].end_ms
        for one, two in itertools.pairwise(segments):
            assert one.end_ms <= two.start_ms
        # The GOP that was collected when the clock was set is lost to neither side.
        assert all(gap.to_ms - gap.from_ms < 500 for gap in await store.history.gaps(identity, 0, 2**50))
        for segment in segments:
            header = parse_header(await store.history.read_segment(segment))
            assert header is not None
            assert (header.run_ms, header.start_ms) == (segment.run_ms, segment.start_ms)
        assert list(await store.backlog.oldest(identity, 100)) == segments


async def until(done: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.2)
