"""Judges the way to the cloud and the standing with it. Recording needs neither: a hub alone is well."""

from collections.abc import Iterator
from dataclasses import dataclass

from backsight_agent.domain.findings import Finding, ok, problem, warning

NETWORK, CLOUD = "network", "cloud"
SOON_S = 4 * 86_400  # of a certificate's two weeks; it renews itself at two thirds of its life
OLD_S = 3 * 86_400  # of an entitlement; a new one comes each day


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """As it was found; `unresolved` says why the cloud's name has no address."""

    default_route: bool
    name_servers: int
    host: str = ""  # of the cloud; empty: not paired, or an address in digits
    unresolved: str = ""


@dataclass(frozen=True, slots=True)
class CloudFacts:
    """Of a paired hub. Texts are empty where it works, else sentences that say why not."""

    url: str
    hub: str
    damage: str = ""  # of the files of the pairing
    certificate_left_s: float = 0.0
    https: str = ""
    broker: str = ""
    serial: int = 0  # of the entitlement that is held; 0: none
    entitlement_age_s: float = 0.0
    entitlement_error: str = ""


def judge_network(network: NetworkFacts, *, paired: bool) -> Iterator[Finding]:
    """What lies between here and the cloud."""
    if not network.default_route:
        text = "There is no default route: this machine reaches its neighbours only; see its cable or Wi-Fi"
        yield problem(NETWORK, text) if paired else warning(NETWORK, text)
    elif not paired:
        yield ok(NETWORK, "There is a default route")
    if network.host and network.unresolved:
        many = f"{network.name_servers} name servers are set" if network.name_servers else "none is set"
        yield problem(
            NETWORK, f"{network.host} has no address ({network.unresolved}; {many}): see /etc/resolv.conf"
        )
    elif network.host and network.default_route:
        yield ok(NETWORK, f"There is a default route, and {network.host} has an address")


def judge_cloud(cloud: CloudFacts | None) -> Iterator[Finding]:
    """The pairing, then both connections, then what came over them."""
    if cloud is None:
        yield ok(CLOUD, "This hub is not paired, and needs none: it keeps its history by [history] window")
        return
    if cloud.damage:
        yield problem(CLOUD, cloud.damage)
        return
    yield _pairing(cloud)
    yield (
        problem(CLOUD, cloud.broker)
        if cloud.broker
        else ok(CLOUD, "Its broker answers, and both trust each other")
    )
    yield _entitlement(cloud)


def _pairing(cloud: CloudFacts) -> Finding:
    if cloud.https:
        return problem(CLOUD, cloud.https)
    if cloud.certificate_left_s <= 0:
        return problem(
            CLOUD, "This hub's certificate has ended: unpair it in the dashboard, and pair it anew"
        )
    days = cloud.certificate_left_s / 86_400
    if cloud.certificate_left_s < SOON_S:
        return warning(
            CLOUD, f"This hub's certificate ends in {days:.1f} days and was not renewed: see the log"
        )
    return ok(CLOUD, f"{cloud.url} knows this hub as {cloud.hub}; its certificate holds {days:.0f} days more")


def _entitlement(cloud: CloudFacts) -> Finding:
    if cloud.entitlement_error:
        return problem(CLOUD, cloud.entitlement_error)
    if not cloud.serial:
        return warning(CLOUD, "It has said nothing of this hub's windows yet: until then nothing is deleted")
    hours = cloud.entitlement_age_s / 3600
    age = f"{hours:.0f} hours" if hours >= 2 else f"{hours * 60:.0f} minutes"
    if cloud.entitlement_age_s > OLD_S:
        return warning(
            CLOUD, f"What this hub is entitled to (number {cloud.serial}) is {age} old: it goes by that"
        )
    return ok(CLOUD, f"What this hub is entitled to (number {cloud.serial}) is {age} old")
