"""The service manager hears that we are ready, how we are, that we live and that we stop, while it is so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backsight_shared.service_manager import (
    LOOK_S,
    NOBODY,
    Manager,
    Pulse,
    address_in,
    tell_forever,
    watchdog_in,
)
from fakes.clock import FakeClock, settle


class Service:
    """What a service manager is told by a process whose pulse the test holds."""

    def __init__(self, watchdog_s: float | None = 60.0) -> None:
        self.clock, self.heard = FakeClock(), list[str]()
        self.pulse = Pulse("2 of 2 cameras record")
        self.manager = Manager(self.heard.append, watchdog_s)

    @property
    def beats(self) -> int:
        return self.heard.count("WATCHDOG=1")


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[Service]:
    told = tell_forever(service.manager, lambda: service.pulse, service.clock)
    task = asyncio.ensure_future(told)
    await settle()
    yield service
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_hears_first_that_we_are_ready() -> None:
    async with running(Service()) as service:
        assert service.heard == ["READY=1", "STATUS=2 of 2 cameras record", "WATCHDOG=1"]


async def test_it_hears_twice_in_its_time_that_we_live() -> None:
    async with running(Service(watchdog_s=60.0)) as service:
        await service.clock.advance(120)
        assert service.beats == 1 + 4


async def test_a_status_is_told_when_it_changes() -> None:
    async with running(Service()) as service:
        await service.clock.advance(120)
        service.pulse = Pulse("1 of 2\ncameras record")
        await service.clock.advance(60)
        statuses = [text for text in service.heard if text.startswith("STATUS=")]
        assert statuses == ["STATUS=2 of 2 cameras record", "STATUS=1 of 2 cameras record"]


async def test_while_the_work_does_not_go_on_it_does_not_hear_that_we_live(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(Service()) as service:
        service.pulse = Pulse("stuck", stuck="Front door: nothing was read for 6 minutes")
        await service.clock.advance(120)
        assert service.beats == 1
        (record,) = caplog.records
        assert record.message.endswith("Front door: nothing was read for 6 minutes")


async def test_it_hears_again_that_we_live_once_the_work_goes_on() -> None:
    async with running(Service()) as service:
        service.pulse = Pulse("stuck", stuck="Front door: nothing was read for 6 minutes")
        await service.clock.advance(60)
        service.pulse = Pulse("well again")
        await service.clock.advance(60)
        assert service.beats == 1 + 2


async def test_it_hears_that_we_stop() -> None:
    async with running(Service()) as service:
        pass
    assert service.heard[-1] == "STOPPING=1"


async def test_without_a_watchdog_it_hears_how_we_are() -> None:
    async with running(Service(watchdog_s=None)) as service:
        service.pulse = Pulse("well")
        await service.clock.advance(LOOK_S)
        assert service.heard == ["READY=1", "STATUS=2 of 2 cameras record", "STATUS=well"]


async def test_nobody_hears_nothing() -> None:
    service = Service()
    service.manager = NOBODY
    async with running(service):
        await service.clock.advance(120)
    assert service.heard == []


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("/run/systemd/notify", "/run/systemd/notify"),
        ("@org/backsight", "\0org/backsight"),
        ("", ""),
        ("relative", ""),
    ],
)
def test_its_socket_is_a_path_or_an_abstract_name(said: str, address: str) -> None:
    assert address_in({"NOTIFY_SOCKET": said}) == address
    assert address_in({}) == ""


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_it_watches_only_the_process_that_it_means(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_in(environment, 7) == seconds
