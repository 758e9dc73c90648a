"""How a hub speaks HTTPS with its cloud: addresses, trust, bounded answers, and foreign errors made ours."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from backsight_agent.ports import CloudUnavailable
from backsight_shared import shapes
from backsight_shared.errors import Malformed, NeedsAttention
from backsight_shared.wire import TIME_HEADER

CALL_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=30)
MAX_ANSWER_BYTES = 4 * 1024 * 1024  # of JSON; a full batch's places are some 20 kB

T = TypeVar("T")


class BadAddress(NeedsAttention):
    """An address that footage or secrets must not be sent to."""


class CloudNotTrusted(NeedsAttention):
    """What answers cannot prove that it is the cloud."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whole and of bounded size."""

    status: int
    body: bytes
    content_type: str
    time_ms: int | None  # the cloud's time, where it said so

    def shaped(self, shape: type[T]) -> T:
        """The body as a message. Raises CloudUnavailable when it is not one."""
        try:
            return shapes.read(shape, json.loads(self.body), "the cloud's answer")
        except (ValueError, RecursionError, Malformed) as error:
            raise CloudUnavailable(f"the cloud answered something else than expected ({error})") from error

    def detail(self) -> str:
        """What the cloud says in words (problem+json), or nothing. Never long, never more than one line."""
        if not self.content_type.startswith("application/problem+json"):
            return ""
        try:
            problem = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        said = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
        return " ".join(said.split())[:300] if isinstance(said, str) else ""


def safe_address(address: str) -> URL:
    """The address, if it is https, or http to this machine itself. Raises BadAddress."""
    try:
        url = URL(address)
        host = url.host
    except ValueError as error:
        raise BadAddress(f"{address!r} is not an address (like https://cloud.example)") from error
    if not host or url.scheme not in ("https", "http"):
        raise BadAddress(f"{address!r} is not an address of a cloud (like https://cloud.example)")
    if url.scheme == "http" and not _is_this_machine(host):
        raise BadAddress(f"{address!r} is not encrypted: use https (http only reaches this machine itself)")
    return url


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Trust in the system's authorities, or in those of the file alone. Raises CloudNotTrusted."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise CloudNotTrusted(f"{ca_file} cannot be read as certificates in PEM ({_short(error)})") from error


async def ask(
    session: aiohttp.ClientSession, method: str, url: URL, context: ssl.SSLContext, **given: Any
) -> Answer:
    """One request, its whole answer, whatever its status. Raises CloudUnavailable or CloudNotTrusted."""
    given.setdefault("timeout", CALL_TIMEOUT)
    async with _ours(url), session.request(method, url, ssl=context, allow_redirects=False, **given) as got:
        body = await _bounded(got.content)
        return Answer(got.status, body, got.headers.get("Content-Type", ""), _time_of(got))


@asynccontextmanager
async def _ours(url: URL) -> AsyncIterator[None]:
    """Foreign errors become ours. Addresses are named without their query, which may hold a permission."""
    where = f"{url.scheme}://{url.authority}"
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
        raise CloudNotTrusted(
            f"the certificate of {where} is not trusted ({_short(error)}): check the address; for a cloud"
            " with an authority of its own, pair with `--ca FILE`, its certificate"
        ) from error
    except TimeoutError as error:
        raise CloudUnavailable(f"{where} does not answer in time") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CloudUnavailable(f"{where} cannot be reached ({_short(error)})") from error


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise CloudUnavailable(f"the cloud's answer is larger than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _time_of(response: aiohttp.ClientResponse) -> int | None:
    said = response.headers.get(TIME_HEADER, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _short(error: BaseException) -> str:
    """A foreign error in a few words, without the address that it may hold."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause).__name__
