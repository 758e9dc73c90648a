"""A hub needs no cloud; one that has one is told what stands between them, and whom to ask."""

from dataclasses import replace

import pytest

from backsight_agent.domain.findings import Level
from backsight_agent.domain.judging_cloud import CloudFacts, NetworkFacts, judge_cloud, judge_network

DAY_S = 86_400.0
WELL = CloudFacts(
    "https://cloud.example", "h1", certificate_left_s=10 * DAY_S, serial=7, entitlement_age_s=3_600.0
)
NETWORK = NetworkFacts(default_route=True, name_servers=1, host="cloud.example")


def levels(cloud: CloudFacts | None) -> list[Level]:
    return [finding.level for finding in judge_cloud(cloud)]


def test_a_hub_without_a_cloud_is_well() -> None:
    assert levels(None) == [Level.OK]


def test_a_paired_hub_whose_connections_work_is_well() -> None:
    assert levels(WELL) == [Level.OK] * 3
    assert "https://cloud.example knows this hub as h1" in next(iter(judge_cloud(WELL))).text


@pytest.mark.parametrize(
    ("cloud", "expected"),
    [
        (replace(WELL, https="It cannot be reached"), [Level.PROBLEM, Level.OK, Level.OK]),
        (replace(WELL, broker="Its port is shut"), [Level.OK, Level.PROBLEM, Level.OK]),
        (replace(WELL, certificate_left_s=-1.0), [Level.PROBLEM, Level.OK, Level.OK]),
        (replace(WELL, certificate_left_s=3 * DAY_S), [Level.WARNING, Level.OK, Level.OK]),
        (replace(WELL, serial=0), [Level.OK, Level.OK, Level.WARNING]),
        (replace(WELL, entitlement_age_s=4 * DAY_S), [Level.OK, Level.OK, Level.WARNING]),
        (replace(WELL, entitlement_error="It cannot be read"), [Level.OK, Level.OK, Level.PROBLEM]),
        (replace(WELL, damage="hub.key is missing"), [Level.PROBLEM]),
    ],
)
def test_each_trouble_is_told_in_its_place(cloud: CloudFacts, expected: list[Level]) -> None:
    assert levels(cloud) == expected


def test_what_went_wrong_is_told_in_its_own_words() -> None:
    assert next(iter(judge_cloud(replace(WELL, https="It is full")))).text == "It is full"


def network_levels(network: NetworkFacts, *, paired: bool) -> list[Level]:
    return [finding.level for finding in judge_network(network, paired=paired)]


def test_a_hub_that_needs_no_way_out_does_without_one() -> None:
    alone = NetworkFacts(default_route=False, name_servers=0)
    assert network_levels(alone, paired=False) == [Level.WARNING]
    assert network_levels(replace(alone, default_route=True), paired=False) == [Level.OK]


def test_a_paired_hub_needs_a_way_out_and_a_name_with_an_address() -> None:
    assert network_levels(NETWORK, paired=True) == [Level.OK]
    assert network_levels(replace(NETWORK, default_route=False), paired=True) == [Level.PROBLEM]
    unresolved = replace(NETWORK, unresolved="Name or service not known")
    assert network_levels(unresolved, paired=True) == [Level.PROBLEM]


def test_a_cloud_with_an_address_in_digits_needs_no_names() -> None:
    assert network_levels(NetworkFacts(True, 0), paired=True) == []
