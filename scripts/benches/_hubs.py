"""A thousand hubs in one process: each a TLS connection of its own that subscribes and acknowledges."""

import asyncio
import ssl
import struct
import time
from multiprocessing.connection import Connection
from pathlib import Path

from backsight_shared import topics

CONNECTING_AT_ONCE = 40
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90


class Counter:
    """How many hubs have received something new in this round, and when each did."""

    def __init__(self, hubs: int) -> None:
        self.hubs = hubs
        self.at: dict[str, float] = {}
        self.all = asyncio.Event()
        self.wanted = hubs

    def begin(self, wanted: int) -> None:
        self.at, self.wanted = {}, wanted
        self.all.clear()

    def received(self, hub: str) -> None:
        self.at.setdefault(hub, time.monotonic())
        if len(self.at) >= self.wanted:
            self.all.set()


def be_hubs(port: int, ca_pem: str, folder: str, hubs: list[str], parent: Connection) -> None:
    """Connect all of them, say so, and then answer each round with the moments of arrival."""
    asyncio.run(_be_hubs(port, ca_pem, Path(folder), hubs, parent))


async def _be_hubs(port: int, ca_pem: str, folder: Path, hubs: list[str], parent: Connection) -> None:
    counter, gate = Counter(len(hubs)), asyncio.Semaphore(CONNECTING_AT_ONCE)
    begun = time.monotonic()
    async with asyncio.TaskGroup() as tree:
        joined = [tree.create_task(_join(port, ca_pem, folder, hub, gate)) for hub in hubs]
        streams = [await one for one in joined]
        reading = [
            tree.create_task(_listen(hub, *stream, counter))
            for hub, stream in zip(hubs, streams, strict=True)
        ]
        await asyncio.wait_for(counter.all.wait(), 60)  # what was retained
        parent.send(time.monotonic() - begun)
        while (wanted := await asyncio.to_thread(parent.recv)) is not None:
            counter.begin(wanted)
            parent.send("listening")
            await asyncio.wait_for(counter.all.wait(), 60)
            parent.send(sorted(counter.at.values()))
        for task in reading:
            task.cancel()


async def _join(
    port: int, ca_pem: str, folder: Path, hub: str, gate: asyncio.Semaphore
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with gate:
        context = ssl.create_default_context(cadata=ca_pem)
        context.load_cert_chain(folder / f"{hub}.crt", folder / f"{hub}.key")
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(
            _packet(CONNECT, _text("MQTT") + bytes((5, 2)) + struct.pack("!HB", 300, 0) + _text(hub))
        )
        await _expect(reader, CONNACK)
        wish = struct.pack("!HB", 1, 0) + _text(topics.entitlement(hub)) + bytes((1,))
        writer.write(_packet(SUBSCRIBE, wish))
        return reader, writer


async def _listen(
    hub: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counter: Counter
) -> None:
    while True:
        kind, body = await _read(reader)
        if kind & 0xF0 != PUBLISH:
            continue
        topic_length = struct.unpack_from("!H", body)[0]
        writer.write(_packet(PUBACK, body[2 + topic_length : 4 + topic_length]))
        counter.received(hub)


async def _expect(reader: asyncio.StreamReader, kind: int) -> None:
    got, _ = await asyncio.wait_for(_read(reader), 20)
    assert got & 0xF0 == kind, got


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind, length, shift = (await reader.readexactly(1))[0], 0, 0
    while True:
        part = (await reader.readexactly(1))[0]
        length |= (part & 0x7F) << shift
        shift += 7
        if part < 0x80:
            return kind, await reader.readexactly(length)


def _packet(kind: int, body: bytes) -> bytes:
    length, head = len(body), bytearray((kind,))
    while True:
        head.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(head) + body


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()
