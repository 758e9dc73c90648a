"""The one thread in which the hub talks to its broker: connects for ever, with growing waits."""

import logging
import random
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from backsight_agent.adapters.mqtt_session import Hears, Session, Terms

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0

_DOUBLINGS = 5

log = logging.getLogger(__name__)

Order = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens, in the thread."""

    connected: Callable[[], object]
    lost: Callable[[], object]
    message: Callable[[int, int, bytes], object]  # (number of the connection, for acknowledging, payload)


class BrokerThread:
    """Owns the connections. `terms` is asked before each, so that renewed certificates are taken up."""

    def __init__(self, terms: Callable[[], Terms], listener: Listener) -> None:
        self._terms = terms
        self._listener = listener
        self._orders: deque[tuple[int | None, Order]] = deque()
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        self._nudged = threading.Event()
        self._stopping = False
        self._number = 0
        self._failures = 0
        self._trouble = ""
        self._session: Session | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def order(self, order: Order, number: int | None = None) -> None:
        """Have something done in the thread: on the connection of this number, or on whichever there is."""
        self._orders.append((number, order))
        self._rouse()

    def reconnect(self) -> None:
        """End the connection, if there is one, and make another at once."""
        self._nudged.set()
        self.order(lambda session: session.leave(with_will=False))

    def stop(self, timeout_s: float) -> bool:
        """End the connection so that our will is published; join the thread. Blocks; False when it hangs."""
        self._stopping = True
        self._nudged.set()
        self._rouse()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self._wake.close()
        self._waker.close()
        return True

    def _rouse(self) -> None:
        with suppress(OSError):  # full: that wakes the thread as well; closed: the thread has ended
            self._waker.send(b"!")

    def _run(self) -> None:
        while not self._stopping:
            self._orders.clear()
            self._nudged.clear()
            self._connect_once()
            if not self._stopping:
                self._nudged.wait(self._wait_s())

    def _connect_once(self) -> None:
        """One connection from its beginning to its end. Whatever goes wrong is told, and ends only itself."""
        self._number += 1
        number = self._number
        hears = Hears(
            connected=self._welcomed,
            message=lambda identity, payload: self._listener.message(number, identity, payload),
        )
        try:
            self._session = Session(self._terms(), hears, self._wake, self._obey)
            self._session.run()
        except OSError as error:
            self._failed(str(error) or type(error).__name__)
        except Exception:
            log.exception("the connection to the broker ended by an error of ours")
            self._failures += 1
        finally:
            self._session = None
            self._listener.lost()

    def _welcomed(self) -> None:
        log.info("connected to the cloud's broker")
        self._failures, self._trouble = 0, ""
        self._listener.connected()

    def _failed(self, trouble: str) -> None:
        """Say it once, not every half minute for a week."""
        self._failures += 1
        if trouble != self._trouble:
            log.warning("not connected to the cloud's broker: %s", trouble)
        self._trouble = trouble

    def _wait_s(self) -> float:
        if self._failures == 0:
            return 0.0
        longest = min(FIRST_WAIT_S * 2.0 ** min(self._failures - 1, _DOUBLINGS), LONGEST_WAIT_S)
        return longest * random.uniform(0.5, 1.0)

    def _obey(self) -> None:
        """Do what was ordered; called by the session whenever it was woken."""
        with suppress(BlockingIOError):
            while self._wake.recv(4096):
                pass
        session = self._session
        while session is not None and self._orders:
            number, order = self._orders.popleft()
            if number in (None, self._number):
                order(session)
        if self._stopping and session is not None:
            session.leave(with_will=True)
