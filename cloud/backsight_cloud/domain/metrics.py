"""The service's figures for the page of metrics; every name and its meaning: docs/design/health.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backsight_cloud.domain.vitals import Looked, MoneyHealth, MoneySeen, ServiceVitals
from backsight_shared.exposition import Family, Kind, many, one


@dataclass(frozen=True, slots=True)
class PruneNow:
    """How pruning goes."""

    last_success_ms: int | None
    overdue_s: float
    figures: Mapping[str, int]  # what else is known of it, by name


@dataclass(frozen=True, slots=True)
class ServiceNow:
    """The service at the moment of the page."""

    version: str
    now_ms: int
    now: float  # monotonic
    broker_connected: bool
    troubled: tuple[str, ...]  # workers
    pruning: PruneNow
    vitals: ServiceVitals


def service_families(service: ServiceNow) -> Iterator[Family]:
    """Everything but the process."""
    labels = {"side": "cloud", "version": service.version}
    yield many("backsight_info", "gauge", "What runs: always 1", [(labels, 1)])
    yield one("backsight_broker_connected", "gauge", "1 while the broker is", service.broker_connected)
    yield one("backsight_problems", "gauge", "Workers in trouble, as /v1/health tells", len(service.troubled))
    yield from _pruning(service.pruning)
    if service.vitals.looked is not None:
        yield from _looked(service.vitals.looked, service)
    yield from _footage(service.vitals)
    yield from _mails(service.vitals)
    yield from _money(service.vitals.money, service.now_ms)
    yield from _requests(service.vitals)
    yield from service.vitals.lag.families()


def _pruning(pruning: PruneNow) -> Iterator[Family]:
    success_ms = pruning.last_success_ms
    yield one(
        "backsight_prune_last_success_timestamp_seconds",
        "gauge",
        "When last all that had expired was gone",
        None if success_ms is None else success_ms / 1000,
    )
    text = "So late is the most overdue camera's oldest segment to go"
    yield one("backsight_prune_overdue_seconds", "gauge", text, pruning.overdue_s)
    for name, (kind, text) in _PRUNING.items():
        ending = "_total" if kind == "counter" else ""
        yield one(f"backsight_prune_{name}{ending}", kind, text, pruning.figures.get(name))


_PRUNING: dict[str, tuple[Kind, str]] = {
    "failing": ("gauge", "Cameras, or parts of the service, that pruning is held up by"),
    "stuck_objects": ("gauge", "Objects that could not be deleted in the last round"),
    "lying_deletes": ("counter", "Objects that the store said it had deleted and had not"),
    "unverified_deletes": ("counter", "Deletions that were not looked at again"),
    "deletes_to_verify": ("gauge", "Deletions that are still to be looked at again"),
}


def _looked(looked: Looked, service: ServiceNow) -> Iterator[Family]:
    town, age_s = looked.town, service.now - looked.at
    due_ms = town.due_since_ms
    figures: tuple[tuple[str, str, float | None], ...] = (
        ("database_look_age_seconds", "Since the database last answered", age_s),
        ("database_bytes", "Its size", town.database_bytes),
        ("disk_free_bytes", "Where the video is kept", looked.disk_free_bytes),
        ("disk_size_bytes", "Of the same", looked.disk_total_bytes),
        ("hubs", "Paired hubs", town.hubs),
        ("hubs_connected", "Paired hubs that are connected", town.hubs_online),
        ("cameras", "Cameras that belong to an account", town.cameras),
        ("cameras_connected", "Cameras whose hub is connected", town.cameras_online),
        ("publications_due", "Hubs that wait for a newer entitlement", town.publications_due),
        (
            "publication_overdue_seconds",
            "So long has the first of them waited",
            0 if due_ms is None else max(0.0, (service.now_ms - due_ms) / 1000),
        ),
    )
    for name, text, value in figures:
        yield one(f"backsight_{name}", "gauge", text, value)


def _footage(vitals: ServiceVitals) -> Iterator[Family]:
    text = "Segments that hubs committed, by the answer; one that is committed again counts again"
    answers = [({"answer": answer}, count) for answer, count in vitals.segments.items()]
    yield many("backsight_ingest_segments_total", "counter", text, answers)
    yield one("backsight_ingest_stored_bytes_total", "counter", "Bytes of the stored", vitals.stored_bytes)


def _mails(vitals: ServiceVitals) -> Iterator[Family]:
    outcomes = [({"outcome": outcome}, count) for outcome, count in vitals.mails.items()]
    yield many("backsight_mails_total", "counter", "Mails, by what a try came to", outcomes)
    yield one("backsight_mails_waiting", "gauge", "Mails that are still to be sent", vitals.mails_waiting)


def _money(money: MoneyHealth, now_ms: int) -> Iterator[Family]:
    text = "Movements, orders and lines of the ledger that differed when last compared with the provider"
    yield one("backsight_money_differences", "gauge", text, money.differences)
    compared_ms = money.reconciled_ms
    yield one(
        "backsight_money_reconciled_timestamp_seconds",
        "gauge",
        "When that was",
        None if compared_ms is None else compared_ms / 1000,
    )
    seen = money.seen or MoneySeen()
    counts = [({"plan": plan, "status": status}, n) for (plan, status), n in sorted(seen.standings.items())]
    yield many("backsight_subscriptions", "gauge", "Subscriptions, by plan and status", counts)
    text = "Charges and refunds that the provider has not answered"
    yield one("backsight_orders_waiting", "gauge", text, seen.waiting if money.seen else None)
    since_ms = seen.waiting_since_ms
    age_s = 0.0 if since_ms is None else max(0.0, (now_ms - since_ms) / 1000)
    text = "So long has the first of them waited"
    yield one("backsight_orders_waiting_seconds", "gauge", text, age_s if money.seen else None)


def _requests(vitals: ServiceVitals) -> Iterator[Family]:
    answers = vitals.requests.answers.items()
    counts = [
        ({"route": route, "method": method, "status": status}, count)
        for (route, method, status), count in answers
    ]
    yield many("backsight_http_requests_total", "counter", "Requests, by route and answer", counts)
    durations = vitals.requests.durations.items()
    samples = tuple(s for route, histogram in durations for s in histogram.samples({"route": route}))
    text = "How long requests took, their answers' bodies included"
    yield Family("backsight_http_request_duration_seconds", "histogram", text, samples)
