"""The Kasa stream on port 19443: multipart over HTTP/1.0, bent in three ways as real cameras bend it."""

from enum import StrEnum

BOUNDARY = "data-boundary--"  # the dashes belong to it, so a delimiter looks like the end marker
CHUNK_LIMIT = 16_384  # bytes; a key frame then spans several chunks, as it may


class Framing(StrEnum):
    """How a camera says where its endless body ends."""

    PLAIN = "plain"
    MINUS_ONE = "content-length-minus-one"
    CHUNKED = "chunked"


_EXTRA_HEADER = {
    Framing.PLAIN: "",
    Framing.MINUS_ONE: "Content-Length: -1\r\n",
    Framing.CHUNKED: "Transfer-Encoding: chunked\r\n",
}


def response_head(framing: Framing) -> bytes:
    """The status line and headers before the first part."""
    return (
        "HTTP/1.0 200 OK\r\n"
        f"Content-Type: multipart/x-mixed-replace;boundary={BOUNDARY}\r\n"
        f"{_EXTRA_HEADER[framing]}\r\n"
    ).encode()


def part(content_type: str, body: bytes, stamp_us: int | None) -> bytes:
    """One access unit or one block of sound as a part."""
    stamp = "" if stamp_us is None else f"X-Timestamp: {stamp_us / 1_000_000:.6f}\r\n"
    head = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{stamp}\r\n"
    return head.encode() + body + b"\r\n"


def framed(framing: Framing, parts: bytes) -> bytes:
    """Bytes of the body as they go over the wire."""
    if framing is not Framing.CHUNKED:
        return parts
    pieces = (parts[start : start + CHUNK_LIMIT] for start in range(0, len(parts), CHUNK_LIMIT))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
