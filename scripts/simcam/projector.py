"""Sends a camera's frames at their moments, and lets the stream's faults show."""

import asyncio
import random
from collections.abc import Callable

from simcam.camera import SimCamera
from simcam.settings import Fault

SPOILING = {Fault.GARBAGE, Fault.FLIP}
FLIPPED_EVERY = 2000  # bytes; one bit of so many is wrong
DRAIN_LIMIT_S = 10  # a client that takes nothing for so long is dropped, as cameras do

Render = Callable[[int], bytes]


async def project(
    camera: SimCamera, writer: asyncio.StreamWriter, via: str, first: int, render: Render
) -> None:
    """Send frame after frame from `first` on, until the client leaves or the camera goes private.

    Everything of one moment is one write, because each costs a TLS record and a system call.
    """
    index = first
    with camera.journal.stream(via, client_of(writer)) as entry:
        while not camera.private:
            await camera.until_due(index)
            if writer.is_closing():
                return
            if camera.fault is Fault.TRUNCATE:
                camera.fault = None
                writer.write(_broken_off(render(index)))
                return
            keyless = camera.fault is Fault.NO_KEY_FRAMES and index % camera.film.plan.gop == 0
            if camera.fault is not Fault.STALL and not keyless:
                frame = render(index)
                writer.write(_spoiled(frame, camera.fault))
                async with asyncio.timeout(DRAIN_LIMIT_S):
                    await writer.drain()
                if camera.fault not in SPOILING:
                    entry.sent(index)
            index += 1


async def wait_while_stalled(camera: SimCamera, writer: asyncio.StreamWriter) -> None:
    """Say nothing for as long as the camera stalls and the client has patience."""
    while camera.fault is Fault.STALL and not writer.is_closing():
        await camera.until_due(camera.timeline.index_at(asyncio.get_running_loop().time()) + 1)


def client_of(writer: asyncio.StreamWriter) -> str:
    """The client's address and port, for the journal."""
    host, port = writer.get_extra_info("peername")[:2]
    return f"{host}:{port}"


def _spoiled(frame: bytes, fault: Fault | None) -> bytes:
    if fault is Fault.GARBAGE:
        return random.randbytes(len(frame))
    if fault is not Fault.FLIP:
        return frame
    flipped = bytearray(frame)
    for _ in range(1 + len(frame) // FLIPPED_EVERY):
        flipped[random.randrange(len(frame))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _broken_off(frame: bytes) -> bytes:
    return frame[: len(frame) // 2]
