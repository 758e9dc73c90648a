"""A service manager's socket, as systemd opens one: hears what a real process tells it."""

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager


class ManagerSocket:
    """`address` is what the process is given as NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def environment(self, watchdog_s: float) -> dict[str, str]:
        """Of a process that is watched."""
        microseconds = str(round(watchdog_s * 1_000_000))
        return os.environ | {"NOTIFY_SOCKET": self.address, "WATCHDOG_USEC": microseconds}

    def until(self, wanted: str, seconds: float) -> list[str]:
        """What was heard up to the first text that begins like this; fails when it does not come."""
        heard: list[str] = []
        end = time.monotonic() + seconds
        while not (heard and heard[-1].startswith(wanted)):
            left = end - time.monotonic()
            assert left > 0, f"{wanted} was not heard within {seconds} s, but {heard}"
            heard += self._next(left)
        return heard

    def during(self, seconds: float) -> list[str]:
        """What is heard in that time."""
        heard: list[str] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            heard += self._next(left)
        return heard

    def close(self) -> None:
        self._socket.close()

    def _next(self, seconds: float) -> list[str]:
        ready, _, _ = select.select([self._socket], [], [], seconds)
        return [self._socket.recv(4096).decode()] if ready else []


@contextmanager
def manager_socket(address: str) -> Iterator[ManagerSocket]:
    opened = ManagerSocket(address)
    try:
        yield opened
    finally:
        opened.close()
