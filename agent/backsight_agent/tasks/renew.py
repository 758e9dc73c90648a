"""Renews the hub's certificate by itself, at two thirds of its life."""

import asyncio
import logging
from typing import Protocol

from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared.clock import Clock
from backsight_shared.wire import Certificate

AT = 2 / 3  # of the certificate's life
LONGEST_SLEEP_S = 3600.0  # seconds; the wall clock may be set, so look again after an hour
AGAIN_S = 600.0  # seconds; after the cloud could not or would not

log = logging.getLogger(__name__)


class Life(Protocol):
    """From when until when a certificate holds."""

    @property
    def from_ms(self) -> int: ...

    @property
    def until_ms(self) -> int: ...


class Certificates(Protocol):
    """The hub's certificate and key."""

    def certificate_life(self) -> Life: ...

    def request_certificate(self) -> str: ...

    def fits(self, certificate_pem: str) -> bool: ...

    def replace_certificate(self, renewed: Certificate) -> None: ...


class Renews(Protocol):
    """The cloud, as far as it renews certificates."""

    async def renew(self, csr_pem: str) -> Certificate: ...


class Reconnects(Protocol):
    """What uses the certificate."""

    def reconnect(self) -> None: ...


async def renew_forever(certificates: Certificates, cloud: Renews, link: Reconnects, clock: Clock) -> None:
    """Sleep until the certificate is due, renew it, and so on."""
    while True:
        wait_s = (due_ms(certificates.certificate_life()) - clock.now_ms()) / 1000
        if wait_s > 0:
            await clock.sleep(min(wait_s, LONGEST_SLEEP_S))
        elif not await _renewed(certificates, cloud, link):
            await clock.sleep(AGAIN_S)


def due_ms(life: Life) -> int:
    """When a certificate is to be renewed."""
    return life.from_ms + round((life.until_ms - life.from_ms) * AT)


async def _renewed(certificates: Certificates, cloud: Renews, link: Reconnects) -> bool:
    """Get a certificate for the same key and use it; False when that has to be tried again."""
    before = certificates.certificate_life()
    try:
        renewed = await cloud.renew(certificates.request_certificate())
    except (CloudUnavailable, CloudRefusedHub) as error:
        log.warning("the hub's certificate was not renewed: %s", error)
        return False
    if not certificates.fits(renewed.certificate_pem):
        log.warning("the hub's certificate was not renewed: the one that came is not for this hub's key")
        return False
    await asyncio.to_thread(certificates.replace_certificate, renewed)
    link.reconnect()
    log.info("the hub's certificate was renewed")
    return certificates.certificate_life().until_ms > before.until_ms
