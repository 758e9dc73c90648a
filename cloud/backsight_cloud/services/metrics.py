"""Gathers the service's figures for the page of metrics: all of it from memory."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from backsight_cloud.domain.heart import status_line, stuck
from backsight_cloud.domain.metrics import PruneNow, ServiceNow, service_families
from backsight_cloud.domain.vitals import ServiceVitals
from backsight_cloud.ports import Broker
from backsight_cloud.services.pruning import PruneHealth
from backsight_shared.clock import Clock
from backsight_shared.exposition import Family
from backsight_shared.process_figures import ProcessFigures
from backsight_shared.service_manager import Pulse


@dataclass(frozen=True, slots=True)
class ServiceMetrics:
    """What it is gathered from."""

    vitals: ServiceVitals
    pruning: PruneHealth
    problems: Mapping[str, str]  # what is wrong now, by worker
    broker: Broker
    process: Callable[[int], ProcessFigures | None]
    clock: Clock

    def page(self) -> Iterator[Family]:
        """Of this moment."""
        now_ms = self.clock.now_ms()
        service = ServiceNow(
            version=version("backsight"),
            now_ms=now_ms,
            now=self.clock.monotonic(),
            broker_connected=self.broker.connected.is_set(),
            troubled=tuple(self.problems),
            pruning=self._pruning(),
            vitals=self.vitals,
        )
        yield from service_families(service)
        if process := self.process(now_ms):
            yield from process.families()

    def pulse(self) -> Pulse:
        """For the service manager."""
        what = stuck(self.vitals, self.clock.monotonic())
        return Pulse(what or status_line(self.vitals, sorted(self.problems)), what)

    def _pruning(self) -> PruneNow:
        health = self.pruning
        figures = {
            "failing": len(health.failing),
            "stuck_objects": health.stuck_objects,
            "lying_deletes": health.lying_deletes,
            "unverified_deletes": health.unverified_deletes,
            "deletes_to_verify": health.deletes_to_verify,
        }
        return PruneNow(health.last_success_ms, health.overdue_s, figures)
