"""Looks at a paired hub's standing with its cloud: tries both connections, and changes nothing."""

import asyncio
import os
import ssl
from dataclasses import dataclass, replace

from backsight_agent.adapters.cloud_api import HttpCloud
from backsight_agent.adapters.cloud_http import BadAddress, CloudNotTrusted
from backsight_agent.adapters.keystore import Keystore, KeystoreDamaged, PairedHub
from backsight_agent.domain.holding import HeldEntitlement
from backsight_agent.domain.judging_cloud import CloudFacts
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared.clock import Clock
from backsight_shared.errors import BacksightError
from backsight_shared.wire import Batch

TRY_S = 10.0  # seconds for one connection
REFUSAL_S = 1.0  # seconds; a broker that does not take our certificate ends the connection at once


@dataclass(slots=True)
class CloudTime:
    """What the cloud said of the time. Implements LearnsTime."""

    clock: Clock
    off_ms: int | None = None  # how far our clock is ahead

    def confirm(self, cloud_time_ms: int) -> None:
        self.off_ms = self.clock.now_ms() - cloud_time_ms


async def look_at_cloud(
    keystore: Keystore, paired: PairedHub, held: HeldEntitlement | None, time: CloudTime, clock: Clock
) -> CloudFacts:
    """`held` is what the hub is entitled to, None when that cannot be read; `time` hears the cloud's."""
    facts = CloudFacts(paired.url, paired.hub)
    try:
        left_s = (keystore.certificate_life().until_ms - clock.now_ms()) / 1000
        https, broker = await asyncio.gather(
            _why_no_https(keystore, time, clock), why_no_broker(keystore, paired)
        )
    except KeystoreDamaged as error:
        return replace(facts, damage=str(error))
    return _entitled(replace(facts, certificate_left_s=left_s, https=https, broker=broker), held, clock)


async def _why_no_https(keystore: Keystore, time: CloudTime, clock: Clock) -> str:
    """Asks for places for nothing: that needs everything that an upload needs, and does nothing."""
    try:
        async with asyncio.timeout(TRY_S), HttpCloud(keystore, clock, time) as cloud:
            await cloud.places(Batch((), ()))
    except TimeoutError:
        return "The cloud does not answer in time: see its address, and whether it runs"
    except (CloudUnavailable, CloudRefusedHub, CloudNotTrusted, BadAddress) as error:
        return _sentence(error)
    return ""


async def why_no_broker(keystore: Keystore, paired: PairedHub) -> str:
    """TLS only: as this hub's own name would end the connection that a running agent has."""
    where = f"The cloud's broker at {paired.broker_host}:{paired.broker_port}"
    try:
        context = await asyncio.to_thread(_context, keystore)
        async with asyncio.timeout(TRY_S):
            reader, writer = await asyncio.open_connection(
                paired.broker_host, paired.broker_port, ssl=context, server_hostname=paired.broker_host
            )
        try:
            await asyncio.wait_for(reader.read(1), REFUSAL_S)
        except TimeoutError:
            return ""  # it waits for what we have to say: it let us in
        finally:
            writer.close()
    except TimeoutError:
        return f"{where} does not answer in time: see whether its port is open"
    except ssl.SSLCertVerificationError as error:
        return f"{where} is not trusted ({error.verify_message}): pair this hub anew"
    except (OSError, ssl.SSLError) as error:
        return f"{where} cannot be reached ({_reason(error)}): see whether it runs and its port is open"
    return f"{where} does not let this hub in: was it unpaired? Then pair it anew"


def _context(keystore: Keystore) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(keystore.ca_file))
    context.load_cert_chain(keystore.certificate_file, keystore.key_file)
    return context


def _entitled(facts: CloudFacts, held: HeldEntitlement | None, clock: Clock) -> CloudFacts:
    if held is None:
        text = "What this hub is entitled to cannot be read: it is fetched anew when the agent runs"
        return replace(facts, entitlement_error=text)
    if held.newest is None:
        return facts
    age_s = max(0.0, (clock.now_ms() - held.newest.issued_at_ms) / 1000)
    return replace(facts, serial=held.serial, entitlement_age_s=age_s)


def _sentence(error: BacksightError) -> str:
    text = str(error)
    return f"The cloud at {text}" if text.startswith("http") else text[:1].upper() + text[1:]


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    return os.strerror(error.errno) if error.errno else type(error).__name__
