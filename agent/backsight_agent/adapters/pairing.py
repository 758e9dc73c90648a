"""Pairs this hub with a cloud by a code that its owner made there."""

import asyncio
from importlib.metadata import version
from pathlib import Path

import aiohttp
from yarl import URL

from backsight_agent.adapters.cloud_http import (
    Answer,
    BadAddress,
    CloudNotTrusted,
    ask,
    safe_address,
    trust,
)
from backsight_agent.adapters.keystore import Keystore, PairedHub
from backsight_agent.ports import CloudRefusedHub, CloudUnavailable
from backsight_shared import shapes
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention
from backsight_shared.wire import Pairing, PairRequest

_CLOCK_TOLERANCE_MS = 300_000  # more than this and neither certificates nor tokens will hold


class AlreadyPaired(NeedsAttention):
    """This hub belongs to a cloud already."""


async def pair(
    url: str, code: str, name: str, ca_file: Path | None, keystore: Keystore, clock: Clock
) -> PairedHub:
    """Make a key, have it certified, keep what the cloud gave. Nothing is kept when it refuses.

    Raises AlreadyPaired, BadAddress, CloudNotTrusted, CloudRefusedHub or CloudUnavailable.
    """
    await asyncio.to_thread(_refuse_second_pairing, keystore)
    base = safe_address(url.rstrip("/"))
    _refuse_path(base)
    ca_pem = await asyncio.to_thread(_read_ca, ca_file) if ca_file else None
    await asyncio.to_thread(keystore.make_key)
    request = PairRequest(code.strip(), keystore.request_certificate(), name, version("backsight"))
    answer = await _post(base, request, ca_file)
    pairing = _pairing_of(answer, base, clock)
    if not keystore.fits(pairing.certificate_pem):
        raise CloudUnavailable(f"{base} answered with a certificate that is not for this hub's key")
    await asyncio.to_thread(keystore.save_pairing, str(base).rstrip("/"), pairing, ca_pem)
    return keystore.pairing()


def _refuse_second_pairing(keystore: Keystore) -> None:
    paired = keystore.paired()
    if paired is not None:
        raise AlreadyPaired(
            f"this hub is paired with {paired.url} already (as {paired.hub}): `backsight-agent unpair` first"
        )


def _refuse_path(base: URL) -> None:
    if base.user or base.password or base.query_string or base.fragment or base.path not in ("", "/"):
        raise BadAddress(f"give the cloud's address alone, like {base.scheme}://{base.authority}")


def _read_ca(ca_file: Path) -> bytes:
    try:
        return ca_file.read_bytes()
    except OSError as error:
        raise CloudNotTrusted(f"{ca_file} (--ca) cannot be read: {error.strerror}") from error


async def _post(base: URL, request: PairRequest, ca_file: Path | None) -> Answer:
    context = await asyncio.to_thread(trust, ca_file)
    async with aiohttp.ClientSession() as session:
        return await ask(session, "POST", base / "v1/hub/pair", context, json=shapes.write(request))


def _pairing_of(answer: Answer, base: URL, clock: Clock) -> Pairing:
    if answer.status in (200, 201):
        return answer.shaped(Pairing)
    if answer.status == 429:
        raise CloudUnavailable(f"{base} had too many tries of codes: wait a minute, then try again")
    if 400 <= answer.status < 500 and answer.content_type.startswith("application/problem+json"):
        raise CloudRefusedHub(_refusal(answer, clock))
    if 300 <= answer.status < 500:
        raise BadAddress(f"{base} is not a Backsight cloud (it answered {answer.status}): check the address")
    raise CloudUnavailable(f"{base} is in trouble (it answered {answer.status}): try again later")


def _refusal(answer: Answer, clock: Clock) -> str:
    said = answer.detail().rstrip(".") or f"it answered {answer.status}"
    text = f"the cloud refused the pairing: {said}; codes work once and for a short time: make a new one"
    if answer.time_ms is not None and abs(clock.now_ms() - answer.time_ms) > _CLOCK_TOLERANCE_MS:
        text += " (also, this hub's clock differs from the cloud's: set it right)"
    return text
