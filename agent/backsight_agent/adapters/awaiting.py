"""What all streams have in common: connecting, asking, waiting for what comes, and what its absence means."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from backsight_agent.adapters.pull import connect
from backsight_agent.camera_ports import CameraUnreachable, StreamBroken
from backsight_agent.domain.media import Arrival
from backsight_agent.domain.unusable import Unusable


async def reached(host: str, port: int, within_s: float, where: str, powered: str) -> socket.socket:
    """A connection to the camera. `powered`: what its owner should look at when there is none."""
    try:
        async with asyncio.timeout(within_s):
            return await connect(host, port)
    except OSError as error:  # a timeout is one, too
        raise CameraUnreachable(
            f"nothing answers at {where} ({error.strerror or 'no answer'}); "
            f"is {powered}, and is this still its address?"
        ) from error


@contextmanager
def asking(where: str) -> Iterator[None]:
    """What goes wrong between the connection and the first of the stream, as the camera's trouble."""
    try:
        yield
    except TimeoutError as error:
        raise StreamBroken(f"{where} is open, but the camera does not answer") from error
    except (EOFError, OSError) as error:
        raise StreamBroken(f"{where} hung up on us while connecting; restart the camera") from error
    except Unusable as error:
        raise StreamBroken(f"{where}: {error}") from error


async def next_arrivals(
    pull: Callable[[], Awaitable[list[Arrival]]], silence_s: float, host: str, where: str
) -> list[Arrival] | None:
    """What comes next, at least one; None when the camera closed the stream between two units."""
    try:
        async with asyncio.timeout(silence_s):
            made: list[Arrival] = []
            while not made:
                made = await pull()
            return made
    except EOFError:
        return None
    except TimeoutError as error:
        raise StreamBroken(f"the camera at {host} sent nothing for {silence_s:.0f} s") from error
    except OSError as error:
        raise StreamBroken(f"the connection to the camera at {host} was cut") from error
    except Unusable as error:
        raise StreamBroken(f"{where}: {error}") from error
