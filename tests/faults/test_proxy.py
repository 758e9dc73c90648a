"""A wire carries everything while it is fair, and breaks as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from faulting.proxy import FAIR, REFUSING, STALLED, Wire, dropping


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    """To a server that sends back what it is sent."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Wire(server.sockets[0].getsockname()[:2]) as wire:
        yield wire


async def said(wire: Wire, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(wire.host, wire.port)
    try:
        writer.write(data)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 2)
    finally:
        writer.transport.abort()


async def test_fair_it_carries_everything_both_ways(wire: Wire) -> None:
    data = bytes(range(256)) * 1000
    assert await said(wire, data) == data


async def test_refusing_nobody_listens_and_fair_again_somebody_does(wire: Wire) -> None:
    await wire.turn(REFUSING)
    with pytest.raises(ConnectionError):
        await said(wire, b"hello")
    await wire.turn(FAIR)
    assert await said(wire, b"hello") == b"hello"


async def test_dropping_it_breaks_after_so_many_bytes(wire: Wire) -> None:
    await wire.turn(dropping(5_000))
    with pytest.raises(ConnectionError):
        await said(wire, bytes(200_000))


async def test_stalled_nothing_passes_until_it_is_fair(wire: Wire) -> None:
    await wire.turn(STALLED)
    answer = asyncio.ensure_future(said(wire, b"hello"))
    done, _ = await asyncio.wait([answer], timeout=0.2)
    assert not done
    await wire.turn(FAIR)
    assert await answer == b"hello"


async def test_cut_every_connection_of_the_moment_breaks(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection(wire.host, wire.port)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    wire.cut()
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    writer.transport.abort()
