"""The page about health names every figure that there is, and no other; so do the alarms."""

import re
from pathlib import Path

from backsight_agent.domain.camera_metrics import CameraNow, camera_families
from backsight_agent.domain.hub_metrics import CloudNow, HubNow, Letting, cloud_families, hub_families
from backsight_agent.domain.states import CameraFacts, CameraState, State
from backsight_agent.domain.vitals import CameraVitals, CloudVitals, Held
from backsight_cloud.domain.metrics import PruneNow, ServiceNow, service_families
from backsight_cloud.domain.vitals import Looked, ServiceVitals, Town
from backsight_shared.exposition import Family
from backsight_shared.loop_lag import LoopLag
from backsight_shared.process_figures import ProcessFigures

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"\b(?:backsight|process)_[a-z0-9_]+")


def families() -> list[Family]:
    """Of both sides; whether anything is known makes no difference to the names."""
    facts, state = CameraFacts(), CameraState(State.RECORDING, 0, "")
    camera = CameraNow("a", "A", facts, state, CameraVitals(), Held(), None, True, None, 0.0)
    hub = HubNow("1", 0, True, 0, Letting(), None, None)
    vitals = ServiceVitals(looked=Looked(0.0, Town(), 0, 0))
    service = ServiceNow("1", 0, 0.0, True, (), PruneNow(None, 0.0, {}), vitals)
    return [
        *camera_families([camera]),
        *hub_families(hub),
        *cloud_families(CloudNow(True, 0, None, CloudVitals()), hub),
        *LoopLag().families(),
        *service_families(service),
        *ProcessFigures(0, 0, 0, 0, 0, 0, 0).families(),
    ]


def test_the_document_names_what_there_is() -> None:
    named = set(NAMED.findall((ROOT / "docs/design/health.md").read_text()))
    there = {family.name for family in families()}
    assert named - {"backsight_agent", "backsight_cloud", "backsight_shared"} == there


def test_the_alarms_are_about_figures_that_there_are() -> None:
    rules = (ROOT / "packaging/alerts.yml").read_text()
    there = {family.name for family in families()}
    expressions = "\n".join(re.findall(r"expr: (?:\|\n)?((?:.|\n)*?)\n +(?:for|labels|annotations):", rules))
    named = set(NAMED.findall(expressions))
    assert named - there == set()
    assert len(named) > 15


def test_no_name_is_of_two_kinds() -> None:
    kinds: dict[str, set[str]] = {}
    for family in families():
        kinds.setdefault(family.name, set()).add(family.kind)
    assert all(len(found) == 1 for found in kinds.values())
