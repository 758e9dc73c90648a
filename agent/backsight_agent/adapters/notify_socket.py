"""The socket of the service manager that started us, as the environment names it; silent without one."""

import logging
import os
import socket

from backsight_shared.service_manager import NOBODY, Manager, address_in, watchdog_in

log = logging.getLogger(__name__)


def service_manager() -> Manager:
    """Who started us. Children are not to speak for us: they do not get to know the socket."""
    address, watchdog_s = address_in(os.environ), watchdog_in(os.environ, os.getpid())
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        os.environ.pop(name, None)
    return Manager(lambda text: _send(address, text), watchdog_s) if address else NOBODY


def _send(address: str, text: str) -> None:
    """Never waits: a manager that does not listen must not hold us up."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
            there.setblocking(False)
            there.sendto(text.encode(), address)
    except OSError as error:
        log.debug("the service manager did not hear %s: %s", text.partition("=")[0], error.strerror)
