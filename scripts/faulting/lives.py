"""Lives that are given orders: forked from a process that has imported everything, so that one costs nothing.

`python -m faulting.lives hub|cloud` reads one JSON order a line and answers with two lines for each: the
life's pid at once, and how it ended. One life runs at a time.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

Order = dict[str, Any]
Live = Callable[[Order], Coroutine[Any, Any, None]]

KINDS = {"hub": "faulting.hub_life", "cloud": "faulting.cloud_life"}


class Executioner:
    """Told of every named step; ends the life at the one that it was told, without a word more."""

    def __init__(self, die_at: tuple[str, int] | None, say: Callable[..., None]) -> None:
        self._name = die_at[0] if die_at else None
        self._nth = die_at[1] if die_at else 0
        self._say = say
        self._seen: Counter[str] = Counter()

    def __call__(self, step: str) -> None:
        self._seen[step] += 1
        if self._seen[step] == 1:
            self._say("step", name=step)
        if step == self._name and self._seen[step] == self._nth:
            self._say("dies", name=step, nth=self._nth)
            os.kill(os.getpid(), signal.SIGKILL)


def remember_writes(order: Order) -> None:
    """From now on `shims/writes.c`, when it is preloaded, remembers what is done below the order's disk."""
    wanted = order.get("remember")
    if wanted:
        names = [wanted["root"], wanted["log"], order["promises"]]
        failed = ctypes.CDLL(None).faulting_record(*(name.encode() for name in names))
        if failed:
            raise OSError(f"cannot remember writes in {wanted['log']}")


def main() -> None:
    """Serve orders until there are no more."""
    live: Live = import_module(KINDS[sys.argv[1]]).live
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(live, order)
        _answer({"pid": child})
        _, status = os.waitpid(child, 0)
        _answer({"ended": os.waitstatus_to_exitcode(status)})


def _live(live: Live, order: Order) -> None:
    code = 0
    try:
        asyncio.run(live(order))
    except BaseException:  # noqa: BLE001 - the parent's stack must never be run on by the child
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


def _answer(said: dict[str, Any]) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
