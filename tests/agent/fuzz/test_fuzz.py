"""Whatever a camera sends, nothing breaks, nothing grows, and the next honest stream is read.

The same code as `scripts/fuzz`, with fewer rounds.
"""

import asyncio
import random

import pytest

from backsight_agent.camera_ports import Source
from fuzzing.discovery import fuzz_discovery
from fuzzing.mangling import MANGLERS, Mangler
from fuzzing.streams import EXPECTED, MakeSource, fuzz, record, spoiled
from fuzzing.tape import Player, Tape, listening
from fuzzing.whole import PORTS, SIZE, kasa_source, media_source, tapo_source
from simcam.certificate import server_tls
from simcam.multipart import Framing
from simcam.settings import Habits
from simcam.street import Street

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROUNDS = 40
MOST_GROWTH = 2 * 1024 * 1024  # bytes over all rounds: a leak of one part a round would be more
MOST_AT_ONCE = 64 * 1024 * 1024


async def kasa_tape(framing: Framing) -> Tape:
    async with Street(kasa=1, tapo=0, size=SIZE, habits=Habits(framing=framing)) as street:
        camera = street.cameras[0]
        return await record(camera.address, camera.setup.ports.stream, server_tls(), kasa_source)


async def tapo_tape() -> Tape:
    async with Street(kasa=0, tapo=1, size=SIZE, ports=PORTS) as street:
        return await record(street.cameras[0].address, PORTS.rtsp, None, tapo_source)


@pytest.mark.parametrize("framing", Framing)
async def test_the_multipart_reader_survives_everything(framing: Framing) -> None:
    outcome = await fuzz(await kasa_tape(framing), server_tls(), kasa_source, ROUNDS, seed=1)
    assert outcome.rounds == ROUNDS
    assert outcome.grown_bytes < MOST_GROWTH
    assert outcome.peak_bytes < MOST_AT_ONCE


async def test_the_rtsp_path_survives_everything() -> None:
    outcome = await fuzz(await tapo_tape(), None, tapo_source, ROUNDS, seed=1)
    assert outcome.rounds == ROUNDS
    assert outcome.gops > 0
    assert outcome.grown_bytes < MOST_GROWTH
    assert outcome.peak_bytes < MOST_AT_ONCE


async def test_the_stream_of_port_8800_survives_everything() -> None:
    async with Street(kasa=0, tapo=1, size=SIZE, ports=PORTS) as street:
        tape = await record(street.cameras[0].address, PORTS.media, None, media_source)
    outcome = await fuzz(tape, None, media_source, ROUNDS, seed=1)
    assert outcome.rounds == ROUNDS
    assert outcome.gops > 0
    assert outcome.grown_bytes < MOST_GROWTH
    assert outcome.peak_bytes < MOST_AT_ONCE


async def test_discovery_survives_every_announcement() -> None:
    async with Street(kasa=1, tapo=1, size=SIZE, ports=PORTS) as street:
        understood = await fuzz_discovery(street, 100, seed=1)
    assert 0 < understood < 200


@pytest.mark.parametrize("family", ["kasa", "tapo"])
async def test_an_honest_stream_is_read_after_a_spoiled_one(family: str) -> None:
    make: MakeSource = kasa_source if family == "kasa" else tapo_source
    tape = await (kasa_tape(Framing.PLAIN) if family == "kasa" else tapo_tape())
    tls = server_tls() if family == "kasa" else None
    player = Player(spoiled(tape, random.Random(7)))
    async with listening(player.serve, tls) as door:
        source = make("127.0.0.1", door)
        await drained(source)
        player.tape = tape
        assert await drained(source) > 20


async def test_a_camera_that_says_goodbye_in_tls_is_not_waited_for() -> None:
    """It may keep the TCP connection open: the end of the stream is the goodbye."""
    player = Player(await kasa_tape(Framing.PLAIN))
    async with listening(player.serve, server_tls()) as door:
        began = asyncio.get_running_loop().time()
        assert await drained(kasa_source("127.0.0.1", door, silence_s=60)) > 20
        assert asyncio.get_running_loop().time() - began < 50


async def drained(source: Source) -> int:
    """Units until the stream ends or breaks."""
    units = 0
    try:
        async with source.open() as arrivals:
            async for _ in arrivals:
                units += 1
    except EXPECTED:
        pass
    return units


@pytest.mark.parametrize("mangler", MANGLERS, ids=lambda one: one.__name__)
def test_the_same_seed_spoils_in_the_same_way(mangler: Mangler) -> None:
    data = b"Content-Length: 12\r\nX-Timestamp: 3.5\r\nAnd something longer\r\n\r\n" * 9
    first, again = (mangler(data, random.Random(5)) for _ in range(2))
    assert first == again != data
