"""What all streams have in common: waiting for what comes next, and what its absence means."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from backsight_agent.domain.media import Arrival
from backsight_agent.domain.unusable import Unusable
from backsight_agent.ports import StreamBroken


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
    except (ssl.SSLError, OSError) as error:
        raise StreamBroken(f"the connection to the camera at {host} was cut") from error
    except Unusable as error:
        raise StreamBroken(f"{where}: {error}") from error
