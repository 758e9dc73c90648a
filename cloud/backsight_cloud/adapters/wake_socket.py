"""Lets a short command wake the running service: a datagram to a socket in the state folder."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path


@asynccontextmanager
async def listen_for_wakes(file: Path, wake: Callable[[], None]) -> AsyncIterator[None]:
    """Call `wake` for each datagram. The folder's mode decides who may send one."""
    loop, listener = asyncio.get_running_loop(), _bound(file)
    transport, _ = await loop.create_datagram_endpoint(lambda: _Wakened(wake), sock=listener)
    try:
        yield
    finally:
        transport.close()


def send_wake(file: Path) -> bool:
    """Wake the service; False when none runs, or it is so busy that it will look anyway."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    with sender, _short(file) as name:
        try:
            sender.sendto(b"look", name)
        except OSError:
            return False
    return True


def _bound(file: Path) -> socket.socket:
    """The socket; a file that an earlier service left is in the way."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.setblocking(False)
    with _short(file) as name:
        file.unlink(missing_ok=True)
        listener.bind(name)
    return listener


class _Wakened(asyncio.DatagramProtocol):
    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._wake()


@contextmanager
def _short(file: Path) -> Iterator[str]:
    """A name of the file that fits into the 108 bytes of a socket's address, however deep it lies."""
    try:
        descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield str(file)
        return
    try:
        yield f"/proc/self/fd/{descriptor}/{file.name}"
    finally:
        os.close(descriptor)
