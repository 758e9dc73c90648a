"""Fuzzes discovery: many addresses answer with a camera's announcement, each spoiled in its own way."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from backsight_agent.adapters.discovery import discover
from fuzzing.mangling import mangled
from fuzzing.streams import Broke
from simcam.street import Street
from simcam.xor import decrypted, encrypted

AT_ONCE = 100  # addresses; python-kasa takes one answer from each
WAIT_S = 2.0  # seconds that every address has for its answer
KASA_PORT, TAPO_PORT = 9999, 20002

Answer = Callable[[bytes], bytes | None]


async def fuzz_discovery(street: Street, rounds: int, seed: int) -> int:
    """So many announcements; how many were still understood. Raises Broke."""
    understood = 0
    honest = {camera.beacon.port: camera.beacon.answer for camera in street.cameras}
    for start in range(0, rounds, AT_ONCE):
        seeds = range(seed + start, seed + min(start + AT_ONCE, rounds))
        understood += await _many(honest, seeds)
    return understood


async def _many(honest: Mapping[int, Answer], seeds: range) -> int:
    prefix = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
    addresses = [f"{prefix}.{number + 1}" for number in range(len(seeds))]
    ears = []
    with _complaints() as complaints:
        try:
            for address, seed in zip(addresses, seeds, strict=True):
                for port, answer in honest.items():
                    ears.append(await _ear(address, port, answer, random.Random(seed)))
            found = await discover(addresses, WAIT_S)
        except Exception as error:
            raise Broke(f"seeds {seeds}: {type(error).__name__}: {error}") from error
        finally:
            for ear in ears:
                ear.close()
    if complaints:
        raise Broke(f"seeds {seeds}: the event loop was left with {complaints[0]}")
    return len(found)


async def _ear(address: str, port: int, answer: Answer, chance: random.Random) -> asyncio.DatagramTransport:
    class Liar(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            if (reply := answer(data)) is not None:
                self.transport.sendto(_spoiled(reply, port, chance)[:60_000], addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Liar, local_addr=(address, port))
    return transport


def _spoiled(reply: bytes, port: int, chance: random.Random) -> bytes:
    """Spoiled on the wire, or inside: well-formed JSON of the wrong shape."""
    if chance.random() < 0.5:
        return mangled(reply, chance)
    if port == TAPO_PORT:
        inside = json.dumps(_bent(json.loads(reply[16:]), chance)).encode()
        return reply[:16] + inside
    return encrypted(_bent(decrypted(reply), chance))


def _bent(value: Any, chance: random.Random, depth: int = 0) -> Any:
    """The same JSON with some members of another kind, missing, or absurdly large."""
    if chance.random() < 0.01 and depth:
        return chance.choice([None, -1, 10**30, "", "x" * 5_000, [], {}, [[]], True, "\u0000", 1e308])
    if isinstance(value, dict):
        return {key: _bent(one, chance, depth + 1) for key, one in value.items() if chance.random() > 0.005}
    if isinstance(value, list):
        return [_bent(one, chance, depth + 1) for one in value]
    return value


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What would have been an unhandled error of the event loop."""
    loop, heard = asyncio.get_running_loop(), []
    before = loop.get_exception_handler()

    def hear(_: object, context: dict[str, Any]) -> None:
        if not _is_in_python_kasa(context.get("exception")):
            heard.append(repr(context.get("exception", context)))

    loop.set_exception_handler(hear)
    try:
        yield heard
    finally:
        loop.set_exception_handler(before)


def _is_in_python_kasa(error: object) -> bool:
    """Its own protocol stumbles over some replies: asyncio drops that one reply, and the agent says so."""
    trace = error.__traceback__ if isinstance(error, Exception) else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and "/kasa/" in trace.tb_frame.f_code.co_filename
