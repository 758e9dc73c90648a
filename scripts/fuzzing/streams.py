"""Fuzzes a camera's stream: the real source reads what a camera once said, spoiled anew in every round."""

import asyncio
import random
import ssl
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from backsight_agent.camera_ports import (
    CameraOff,
    CameraRefusedLogin,
    CameraUnreachable,
    Source,
    StreamBroken,
    StreamRefused,
)
from backsight_agent.domain.gops import GopCollector
from backsight_agent.domain.unusable import Unusable
from fuzzing.mangling import mangled
from fuzzing.tape import Player, Recorder, Tape, listening

EXPECTED = (CameraOff, CameraRefusedLogin, CameraUnreachable, StreamBroken, StreamRefused, Unusable)
ROUND_S = 20.0  # seconds; a round that takes longer hangs
STREAM_SHARE = 0.6  # of the rounds spoil the stream, the others what is said before it
WARM_UP = 20  # rounds before memory is counted

MakeSource = Callable[[str, int], Source]


class Broke(AssertionError):
    """A round ended as no camera may make it end; the text says how to see it again."""


@dataclass
class Outcome:
    """What the rounds came to."""

    rounds: int = 0
    gops: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    grown_bytes: int = 0  # of Python's memory, from after the warm-up to the end
    peak_bytes: int = 0


async def record(host: str, port: int, tls: ssl.SSLContext | None, make: MakeSource, gops: int = 2) -> Tape:
    """A tape of a real conversation that brought that many GOPs."""
    recorder = Recorder(host, port, tls)
    async with listening(recorder.serve, tls) as door:
        collector, seen = GopCollector(), 0
        async with make("127.0.0.1", door).open() as arrivals:
            async for arrival in arrivals:
                seen += collector.add(arrival) is not None
                if seen >= gops:
                    break
    return recorder.tape


async def fuzz(tape: Tape, tls: ssl.SSLContext | None, make: MakeSource, rounds: int, seed: int) -> Outcome:
    """So many rounds; raises Broke for anything but the errors that a recorder expects."""
    outcome = Outcome()
    player = Player(tape)
    tracemalloc.start()
    try:
        async with listening(player.serve, tls) as door:
            source = make("127.0.0.1", door)
            for number in range(rounds):
                player.tape = spoiled(tape, random.Random(seed + number))
                await _round(source, seed + number, outcome)
                if number == min(WARM_UP, rounds - 1):
                    begun = tracemalloc.get_traced_memory()[0]
        ended, outcome.peak_bytes = tracemalloc.get_traced_memory()
        outcome.grown_bytes = ended - begun
    finally:
        tracemalloc.stop()
    return outcome


def spoiled(tape: Tape, chance: random.Random) -> Tape:
    """One piece of the conversation is spoiled: most often the longest, which is the stream itself."""
    longest = max(range(len(tape)), key=lambda place: len(tape[place]))
    place = longest if chance.random() < STREAM_SHARE else chance.randrange(len(tape))
    return (*tape[:place], mangled(tape[place], chance), *tape[place + 1 :])


async def _round(source: Source, seed: int, outcome: Outcome) -> None:
    outcome.rounds += 1
    collector = GopCollector()
    try:
        async with asyncio.timeout(ROUND_S), source.open() as arrivals:
            async for arrival in arrivals:
                outcome.gops += collector.add(arrival) is not None
        outcome.ends["ended"] += 1
    except EXPECTED as error:
        outcome.ends[type(error).__name__] += 1
    except Exception as error:
        raise Broke(f"seed {seed}: {type(error).__name__}: {error}") from error
