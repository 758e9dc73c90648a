"""Reads the Kasa cameras' stream: multipart over HTTP/1.0, in every framing that they were seen to send.

Pure and incremental: fed with bytes as they come, gives whole parts. The body may be plain, may claim a
`Content-Length: -1`, or be chunked although HTTP/1.0 knows no chunks; which of them is decided by looking at
its first bytes. The delimiter's trailing dashes belong to the boundary, so that it looks like an end marker.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from backsight_agent.domain.unusable import Unusable

HEAD_LIMIT = 16_384  # bytes of the response's status line and headers
PART_HEAD_LIMIT = 4_096
PART_LIMIT = 8 * 1024 * 1024  # a 4K key frame is about 1 MiB
CHUNK_LINE_LIMIT = 64
STAMP_LIMIT_S = 1e11  # seconds; beyond it a time stamp has no microseconds any more

_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})(?: |$)")
_CHUNK_BEGUN = re.compile(rb"[0-9A-Fa-f]|\r?\Z")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")


@dataclass(frozen=True, slots=True)
class Part:
    """One access unit or one block of sound."""

    kind: str  # its content type, lower case
    body: bytes
    stamp_us: int | None  # X-Timestamp, microseconds from an unknown epoch
    encrypted: bool = False  # X-If-Encrypt: only port 8800 of a Tapo camera sends that


class MultipartReader:
    """The state of one response. Memory stays below one part plus what was fed last."""

    def __init__(self) -> None:
        self.status: int | None = None  # known once the head has come; a body is read of a 200 only
        self.headers: dict[str, str] = {}  # of the response, names in lower case
        self.body_left = 0  # bytes of another answer than 200 that are still to come
        self._buffer = bytearray()
        self._chunks: _Chunks | None = None
        self._step: Callable[[], bool] = self._read_head
        self._kind, self._length = "", 0
        self._stamp_us: int | None = None
        self._encrypted = False
        self._parts: list[Part] = []

    def feed(self, data: bytes) -> list[Part]:
        """Take more bytes; the parts that they complete. Raises Unusable when this is not such a stream."""
        self._buffer += self._chunks.feed(data) if self._chunks else data
        while self._step():
            pass
        parts, self._parts = self._parts, []
        return parts

    def finish(self) -> None:
        """The camera closed the stream. Raises Unusable when that was in the middle of something."""
        if self._step != self._read_delimiter or self._buffer.strip(b"\r\n-"):
            raise Unusable(f"the camera cut its stream in the middle of {self._place()}")

    # Each step takes what it needs from the buffer and says whether it could.

    def _read_head(self) -> bool:
        if not b"HTTP/1.".startswith(bytes(self._buffer[:7])):
            raise Unusable(f"the camera answers with {_seen(self._buffer)}, not with HTTP")
        lines = self._take_head(HEAD_LIMIT, "the response's head")
        if lines is None:
            return False
        status = _STATUS.match(lines[0])
        if not status:
            raise Unusable(f"the camera's status line is {_seen(lines[0])}")
        self.status = int(status[1])
        self.headers = dict(_header(line) for line in lines[1:])
        if self.status != 200 and "content-length" in self.headers:
            self.body_left = _length(self.headers["content-length"])
        self._step = self._read_framing if self.status == 200 else self._ignore
        return True

    def _ignore(self) -> bool:
        self.body_left = max(0, self.body_left - len(self._buffer))
        self._buffer.clear()
        return False

    def _read_framing(self) -> bool:
        if self._buffer[:2] == b"\r\n":
            del self._buffer[:2]  # a blank line in front of the first delimiter
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"--":
            self._chunks = _Chunks()
            raw, self._buffer = bytes(self._buffer), bytearray()
            self._buffer += self._chunks.feed(raw)
        self._step = self._read_delimiter
        return True

    def _read_delimiter(self) -> bool:
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        del self._buffer[:blank]
        end = self._buffer.find(b"\n", 0, PART_HEAD_LIMIT)
        endless = end < 0 and len(self._buffer) >= PART_HEAD_LIMIT
        if endless or not b"--".startswith(bytes(self._buffer[:2])):
            raise Unusable(f"the camera sends {_seen(self._buffer)} where a part of the stream should begin")
        if end < 0:
            return False
        del self._buffer[: end + 1]
        self._step = self._read_part_head
        return True

    def _read_part_head(self) -> bool:
        lines = self._take_head(PART_HEAD_LIMIT, "a part's head")
        if lines is None:
            return False
        headers = dict(_header(line) for line in lines)
        self._kind = headers.get("content-type", "").split(";")[0].strip().lower()
        self._length = _length(headers.get("content-length", ""))
        self._encrypted = headers.get("x-if-encrypt") == "1"
        self._stamp_us = _stamp_us(headers["x-timestamp"]) if "x-timestamp" in headers else None
        self._step = self._read_body
        return True

    def _read_body(self) -> bool:
        if len(self._buffer) < self._length:
            return False
        self._parts.append(
            Part(self._kind, bytes(self._buffer[: self._length]), self._stamp_us, self._encrypted)
        )
        del self._buffer[: self._length]
        self._step = self._read_delimiter
        return True

    def _take_head(self, limit: int, what: str) -> list[bytes] | None:
        """The lines up to the blank one, taken out of the buffer."""
        end = self._buffer.find(b"\r\n\r\n", 0, limit)
        if end < 0:
            if len(self._buffer) >= limit:
                raise Unusable(f"{what} has no end within {limit} bytes; it begins {_seen(self._buffer)}")
            return None
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        return lines

    def _place(self) -> str:
        if self._step == self._read_body:
            return f"a part ({len(self._buffer)} of {self._length} bytes came)"
        return "its answer" if self.status is None else "a part's head"


class _Chunks:
    """Takes the chunks' sizes out of the bytes (RFC 9112, 7.1), whatever way the bytes were cut."""

    def __init__(self) -> None:
        self._left = 0  # bytes of the present chunk that are still to come
        self._line = b""  # a size line of which only the beginning has come
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        whole, place, out = self._line + data, 0, []
        self._line = b""
        while place < len(whole) and not self._ended:
            if self._left:
                piece = whole[place : place + self._left]
                out.append(piece)
                self._left -= len(piece)
                place += len(piece)
                continue
            end = whole.find(b"\r\n", place, place + CHUNK_LINE_LIMIT)
            if end < 0:
                self._line = self._begun(whole[place:])
                break
            self._begin(whole[place:end])
            place = end + 2
        return b"".join(out)

    def _begin(self, line: bytes) -> None:
        if not line:
            return  # the end of the chunk before
        size = _CHUNK.fullmatch(line)
        if not size:
            raise Unusable(f"the camera sends {_seen(line)} where a chunk's size should be")
        self._left = int(size[1], 16)
        self._ended = self._left == 0

    def _begun(self, line: bytes) -> bytes:
        if len(line) >= CHUNK_LINE_LIMIT or not _CHUNK_BEGUN.match(line):
            raise Unusable(f"the camera sends {_seen(line)} where a chunk's size should be")
        return line


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= PART_LIMIT):
        raise Unusable(f"a part of the stream has the Content-Length {text[:24]!r}")
    return int(text)


def _stamp_us(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not -STAMP_LIMIT_S < seconds < STAMP_LIMIT_S:
        raise Unusable(f"a part of the stream has the X-Timestamp {text[:32]!r}")
    return round(seconds * 1_000_000)


def _seen(data: bytes | bytearray) -> str:
    return repr(bytes(data[:16]))
