"""Hubs come to an account with a code, get their certificates, and leave."""

import secrets
from dataclasses import dataclass

from backsight_cloud.domain.codes import CODE_LIFE_MS, code_hash, make_code
from backsight_cloud.domain.limits import Limit
from backsight_cloud.domain.records import Hub, PairingCode
from backsight_cloud.identity_ports import CertificateAuthority, Issued
from backsight_cloud.ports import Database
from backsight_cloud.services.limits import Limiter, network_of
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention
from backsight_shared.wire import Certificate, Pairing, PairRequest

LONGEST_NAME = 64  # characters of a hub's name

_BY_ADDRESS = Limit(burst=10, seconds=30.0)  # failed tries of one network address: codes cannot be guessed


class PairingRefused(NeedsAttention):
    """The code does not pair; a new one is needed."""


class NoSuchHub(NeedsAttention):
    """No paired hub of that name or identity."""


@dataclass(frozen=True, slots=True)
class CloudIdentity:
    """What a hub is told of the cloud."""

    name: str  # issuer of entitlements, audience of tokens
    broker_host: str
    broker_port: int
    entitlement_keys: tuple[dict[str, str], ...]


class HubPairing:
    """Codes, certificates, and the end of both."""

    def __init__(
        self,
        database: Database,
        authority: CertificateAuthority,
        identity: CloudIdentity,
        wakes: Wakes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._authority = authority
        self._identity = identity
        self._wakes = wakes
        self._clock = clock
        self._by_address = Limiter(_BY_ADDRESS, clock)

    @property
    def ca_pem(self) -> str:
        """The certificate of our authority."""
        return self._authority.ca_pem

    async def make_code(self, account: str) -> str:
        """A code that adds one hub to this account, within a quarter of an hour."""
        return await make_pairing_code(self._database, account, self._clock.now_ms())

    async def pair(self, request: PairRequest, address: str) -> Pairing:
        """Take the hub in. Raises PairingRefused, BadRequestForCertificate or TooManyTries."""
        network = network_of(address)
        self._by_address.take(network)
        now_ms, hub_id = self._clock.now_ms(), f"h{secrets.token_hex(8)}"
        issued = self._authority.issue(request.csr_pem, hub_id, now_ms)
        async with self._database.begin() as transaction:
            account = await transaction.hubs.use_code(code_hash(request.code), now_ms)
            if account is None:
                raise PairingRefused("the code is wrong, used or too old")
            name = plain_text(request.name, LONGEST_NAME) or "Hub"
            await transaction.hubs.add_hub(Hub(hub_id, account, name, issued.public_key_pem, now_ms))
            await transaction.hubs.add_certificate(issued.serial, hub_id, issued.not_after_ms)
            await transaction.publications.mark_due(hub_id, now_ms)
        self._by_address.give_back(network)
        self._wakes.publish.set()
        return self._pairing(hub_id, issued)

    async def renew(self, hub: Hub, csr_pem: str) -> Certificate:
        """The next certificate for the same key. Raises BadRequestForCertificate or PairingRefused."""
        issued = self._authority.issue(csr_pem, hub.id, self._clock.now_ms())
        if issued.public_key_pem != hub.public_key_pem:
            raise PairingRefused(
                "a certificate is renewed for the hub's own key only: to change it, pair anew"
            )
        async with self._database.begin() as transaction:
            still = await transaction.hubs.hub(hub.id)
            if still is None or still.unpaired_ms is not None:
                raise PairingRefused("this hub is no longer paired")
            await transaction.hubs.add_certificate(issued.serial, hub.id, issued.not_after_ms)
        return Certificate(issued.certificate_pem, self._authority.ca_pem)

    async def unpair(self, hub_id: str, account: str) -> None:
        """Shut the hub out: its tokens at once, its certificates and connection by `revoking`."""
        await unpair_hub(self._database, hub_id, account, self._clock.now_ms())
        self._wakes.revoke.set()

    def _pairing(self, hub: str, issued: Issued) -> Pairing:
        return Pairing(
            cloud=self._identity.name,
            hub=hub,
            certificate_pem=issued.certificate_pem,
            ca_pem=self._authority.ca_pem,
            broker_host=self._identity.broker_host,
            broker_port=self._identity.broker_port,
            entitlement_keys=self._identity.entitlement_keys,
        )


async def make_pairing_code(database: Database, account: str, now_ms: int) -> str:
    """The code in clear, to be shown once; only its hash is kept."""
    code = make_code()
    async with database.begin() as transaction:
        await transaction.hubs.add_code(PairingCode(code_hash(code), account, now_ms + CODE_LIFE_MS))
    return code


async def unpair_hub(database: Database, hub_id: str, account: str, now_ms: int) -> None:
    """Raises NoSuchHub, also for another account's hub."""
    async with database.begin() as transaction:
        hub = await transaction.hubs.hub(hub_id)
        if hub is None or hub.account != account or hub.unpaired_ms is not None:
            raise NoSuchHub(f"there is no paired hub {hub_id}")
        await transaction.hubs.set_unpaired(hub_id, now_ms)


def plain_text(text: str, longest: int) -> str:
    """A name as somebody typed it, without what could not be shown on one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]
