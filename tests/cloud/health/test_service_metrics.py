"""What a service knows of itself is told in figures and in one line; the database is asked now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families as read

from backsight_cloud.domain.heart import DATABASE_S, LATE_S
from backsight_cloud.domain.vitals import Looked, MoneySeen, ServiceVitals, Town
from backsight_cloud.ports import DatabaseUnavailable
from backsight_cloud.services.metrics import ServiceMetrics
from backsight_cloud.services.observing import EVERY_S, observe_forever
from backsight_cloud.services.pruning import PruneHealth
from backsight_shared.exposition import expose
from backsight_shared.segment import Segment
from backsight_shared.wire import Commit
from fakes.broker import FakeBroker
from fakes.clock import NOON_MS, FakeClock, settle
from fakes.database import FakeDatabase
from fakes.household import move_in


class Service:
    """All that a service's page is made of."""

    def __init__(self) -> None:
        self.clock, self.vitals, self.pruning = FakeClock(), ServiceVitals(), PruneHealth()
        self.problems: dict[str, str] = {}
        self.broker = FakeBroker()
        self.metrics = ServiceMetrics(
            self.vitals, self.pruning, self.problems, self.broker, lambda now_ms: None, self.clock
        )

    def figures(self) -> dict[str, float]:
        """Those without labels."""
        return {
            sample.name: sample.value
            for family in read(expose(self.metrics.page()))
            for sample in family.samples
            if not sample.labels
        }

    def labelled(self, name: str) -> dict[tuple[str, ...], float]:
        return {
            tuple(sample.labels.values()): sample.value
            for family in read(expose(self.metrics.page()))
            for sample in family.samples
            if sample.name == name
        }


@pytest.fixture
def service() -> Service:
    return Service()


def test_what_became_of_mails_is_told(service: Service) -> None:
    service.vitals.mails.update(sent=3, bounced=1)
    service.vitals.mails_waiting = 2
    assert service.labelled("backsight_mails_total") == {("sent",): 3, ("bounced",): 1}
    assert service.figures()["backsight_mails_waiting"] == 2


def test_before_the_first_comparison_no_difference_is_claimed(service: Service) -> None:
    assert "backsight_money_differences" not in service.figures()
    assert "backsight_orders_waiting" not in service.figures()


def test_how_billing_stands_is_told(service: Service) -> None:
    money = service.vitals.money
    money.differences, money.reconciled_ms = 2, NOON_MS
    money.seen = MoneySeen({("plus", "past_due"): 3, ("premium", "active"): 1}, 4, NOON_MS - 90_000)
    assert service.labelled("backsight_subscriptions") == {("plus", "past_due"): 3, ("premium", "active"): 1}
    found = service.figures()
    assert found["backsight_money_differences"] == 2
    assert found["backsight_money_reconciled_timestamp_seconds"] == NOON_MS / 1000
    assert (found["backsight_orders_waiting"], found["backsight_orders_waiting_seconds"]) == (4, 90)


def test_how_pruning_goes_is_told(service: Service) -> None:
    health = service.pruning
    health.last_success_ms, health.overdue_s, health.stuck_objects = NOON_MS, 12.5, 3
    health.lying_deletes, health.failing = 2, {"objects": "no"}
    found = service.figures()
    assert found["backsight_prune_last_success_timestamp_seconds"] == NOON_MS / 1000
    assert found["backsight_prune_overdue_seconds"] == 12.5
    assert found["backsight_prune_stuck_objects"] == 3
    assert found["backsight_prune_lying_deletes_total"] == 2
    assert found["backsight_prune_failing"] == 1


def test_before_the_first_success_none_is_claimed(service: Service) -> None:
    assert "backsight_prune_last_success_timestamp_seconds" not in service.figures()


def test_workers_in_trouble_are_counted(service: Service) -> None:
    service.problems["mosquitto"] = "it ended"
    assert service.figures()["backsight_problems"] == 1


def test_what_hubs_committed_is_told_by_the_answer(service: Service) -> None:
    segments = [Segment("74fece010203", n * 10, n * 10 + 10, 0, n, 1000) for n in range(3)]
    service.vitals.committed(segments, [Commit("stored"), Commit("stored"), Commit("refused", "x")])
    assert service.labelled("backsight_ingest_segments_total") == {("stored",): 2, ("refused",): 1}
    assert service.figures()["backsight_ingest_stored_bytes_total"] == 2000


def test_requests_are_told_by_route_and_answer(service: Service) -> None:
    service.vitals.requests.answered("/v1/hub/commits", "POST", 200, 0.02)
    service.vitals.requests.answered("/v1/hub/commits", "POST", 0, 3.0)
    assert service.labelled("backsight_http_requests_total") == {
        ("/v1/hub/commits", "POST", "2xx"): 1,
        ("/v1/hub/commits", "POST", "gone"): 1,
    }
    assert service.labelled("backsight_http_request_duration_seconds_count") == {("/v1/hub/commits",): 2}


async def test_how_long_the_first_hub_has_waited_for_its_document_is_told(service: Service) -> None:
    service.vitals.looked = Looked(0.0, Town(publications_due=1, due_since_ms=NOON_MS - 4_000), 5, 9)
    assert service.figures()["backsight_publication_overdue_seconds"] == 4


@asynccontextmanager
async def observed(service: Service, database: FakeDatabase) -> AsyncIterator[None]:
    seen = observe_forever(database, lambda: (5, 9), service.vitals, service.clock)
    task = asyncio.ensure_future(seen)
    await until_looked()
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until_looked() -> None:
    """The disk is asked in a thread."""
    for _ in range(100):
        await settle(1)
        await asyncio.sleep(0.001)


async def test_hubs_cameras_and_disk_are_told(service: Service) -> None:
    database = FakeDatabase()
    await move_in(database)
    async with observed(service, database):
        found = service.figures()
    assert (found["backsight_hubs"], found["backsight_cameras"]) == (2, 3)
    assert (found["backsight_disk_free_bytes"], found["backsight_disk_size_bytes"]) == (5, 9)
    assert found["backsight_database_look_age_seconds"] == 0


async def test_a_database_that_fails_leaves_the_last_look_standing(service: Service) -> None:
    database = FakeDatabase()
    async with observed(service, database):
        database.fails_with = DatabaseUnavailable("it is away")
        await service.clock.advance(3 * EVERY_S)
        assert service.figures()["backsight_database_look_age_seconds"] == 3 * EVERY_S
        database.fails_with = None
        await service.clock.advance(EVERY_S)
        await until_looked()
        assert service.figures()["backsight_database_look_age_seconds"] == 0


def test_the_service_manager_hears_one_line(service: Service) -> None:
    assert service.metrics.pulse().status == "serving"
    service.vitals.looked = Looked(0.0, Town(hubs=3, hubs_online=2, cameras=7), 5, 9)
    assert service.metrics.pulse().status == "2 of 3 hubs connected, 7 cameras"
    service.problems |= {"prune": "no", "mosquitto": "it ended"}
    assert service.metrics.pulse().status.endswith("; in trouble: mosquitto, prune")
    assert service.metrics.pulse().stuck == ""


def test_a_database_that_does_not_answer_for_long_hangs(service: Service) -> None:
    service.vitals.asking_since = service.clock.monotonic() - DATABASE_S - 1
    assert service.metrics.pulse().stuck == "the database has not answered for 5 minutes"


def test_an_event_loop_that_is_late_every_time_hangs(service: Service) -> None:
    service.vitals.lag.note(LATE_S + 1)
    assert service.metrics.pulse().stuck == "the event loop comes 6 s late, every time"
