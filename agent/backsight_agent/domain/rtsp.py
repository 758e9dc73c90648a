"""Speaks RTSP 1.0 (RFC 2326) as far as a camera needs it: requests, answers, Digest login, descriptions.

Pure. Media packets come over the same connection, between the answers (section 10.12).
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from backsight_agent.domain.login import Login
from backsight_agent.domain.unusable import Unusable

HEAD_LIMIT = 16_384  # bytes of an answer's status line and headers
BODY_LIMIT = 65_536
AGENT = "Backsight"

_STATUS = re.compile(r"RTSP/1\.\d (\d{3}) ?(.*)")
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,;]+))')


@dataclass(frozen=True, slots=True)
class Answer:
    """A camera's answer to a request."""

    status: int
    reason: str
    headers: Mapping[str, str]  # names in lower case; several challenges are joined by commas
    body: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """A media or control packet of an interleaved channel."""

    channel: int
    data: bytes


class RtspReader:
    """Takes a connection's bytes apart. Memory stays below one packet or answer plus what was fed last."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Answer | Packet]:
        """What these bytes complete. Raises Unusable for anything else."""
        data, place, found = self._rest + data, 0, list[Answer | Packet]()
        while place < len(data):
            if data[place] == 0x24:  # "$"
                end = place + 4 + int.from_bytes(data[place + 2 : place + 4], "big")
                if place + 4 > len(data) or end > len(data):
                    break
                found.append(Packet(data[place + 1], data[place + 4 : end]))
            elif (end := _answer_end(data, place)) > 0:
                found.append(_answer(data[place:end]))
            else:
                break
            place = end
        self._rest = data[place:]
        return found

    def finish(self) -> None:
        """The camera closed the connection. Raises Unusable when that was in the middle of something."""
        if self._rest:
            raise Unusable(
                f"the camera cut its stream in the middle of a packet ({len(self._rest)} bytes came)"
            )


def request(method: str, url: str, cseq: int, headers: Mapping[str, str]) -> bytes:
    """A request without a body."""
    fields = {"CSeq": str(cseq), "User-Agent": AGENT, **headers}
    lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def authorization(challenge: str, login: Login, method: str, url: str) -> str | None:
    """The Authorization header that answers a WWW-Authenticate header; None when we do not know its kind."""
    kinds = {part[0].lower(): part[1] for part in re.findall(r"(Digest|Basic)\s+([^\n]*)", challenge, re.I)}
    if "digest" in kinds:
        return _digest(kinds["digest"], login, method, url)
    if "basic" in kinds:
        return "Basic " + b64encode(f"{login.username}:{login.password}".encode()).decode()
    return None


def parameters(text: str) -> dict[str, str]:
    """The `name=value` and `name="value"` pairs of a header."""
    return {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(text)}


def _digest(challenge: str, login: Login, method: str, url: str) -> str:
    """RFC 2617 without a client nonce: what cameras ask for; MD5 is theirs, not our choice."""
    asked = parameters(challenge)
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    user = _md5(f"{login.username}:{realm}:{login.password}")
    response = _md5(f"{user}:{nonce}:{_md5(f'{method}:{url}')}")
    said = {"username": login.username, "realm": realm, "nonce": nonce, "uri": url, "response": response}
    if "opaque" in asked:
        said["opaque"] = asked["opaque"]
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in said.items())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _answer_end(data: bytes, place: int) -> int:
    """Where the answer that begins here ends; 0 while it is not all there."""
    begun = data[place : place + 7]
    if not b"RTSP/1.".startswith(begun):
        raise Unusable(
            f"the camera sends {data[place : place + 16]!r} where a packet or an answer should begin"
        )
    head = data.find(b"\r\n\r\n", place, place + HEAD_LIMIT)
    if head < 0:
        if len(data) - place >= HEAD_LIMIT:
            raise Unusable(f"an answer of the camera has no end within {HEAD_LIMIT} bytes")
        return 0
    length = re.search(rb"(?im)^content-length:[ \t]*(\d{1,9})\r$", data[place : head + 2])
    size = int(length[1]) if length else 0
    if size > BODY_LIMIT:
        raise Unusable(f"an answer of the camera claims to have {size} bytes")
    end = head + 4 + size
    return end if end <= len(data) else 0


def _answer(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = _STATUS.match(first)
    if not status:
        raise Unusable(f"the camera's status line is {first[:32]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}\n{value.strip()}" if key in headers else value.strip()
    return Answer(int(status[1]), status[2].strip(), headers, body)
