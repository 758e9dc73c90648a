"""A street of simulated cameras: several of each family, on a block of loopback addresses of their own.

    async with Street(kasa=2, tapo=2, names=["Front door", "Garden"]) as street:
        street.cameras[0].address, street.cameras[0].setup.mac

    Street(models=["KC420WS", "C720"]) has these models instead, each with its own habits.

Every camera has its own address on the standard ports. Discovery by broadcast to 127.255.255.255 finds the
cameras of every run on this machine; the addresses and MACs of two runs always differ.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from simcam import sound
from simcam.block import claim_block
from simcam.camera import SimCamera
from simcam.certificate import server_tls
from simcam.film import Film, load
from simcam.filming import Plan
from simcam.kasa_camera import SimKasa
from simcam.models import DEFAULTS, MODELS, Model
from simcam.settings import Habits, Logins, Ports, Setup
from simcam.tapo_camera import SimTapo
from simcam.udp import listen

BROADCAST = "127.255.255.255"  # the one broadcast address of the loopback network
KINDS: Mapping[str, type[SimKasa] | type[SimTapo]] = {"kasa": SimKasa, "tapo": SimTapo}
MAKERS = {"kasa": "74:FE:CE", "tapo": "40:AE:30"}  # the first half of the recorded cameras' MACs


@dataclass
class Street:
    """What to simulate; enter it to start, leave it to stop."""

    kasa: int = 1
    tapo: int = 1
    models: Sequence[str] = ()  # which ones, in place of so many EC60 and C210
    names: Sequence[str] = ()
    block: str | None = None  # "127.x.y"; any free one when not given
    size: tuple[int, int] = (1920, 1080)
    still: int = 0  # frames of each cycle in which nothing moves
    logins: Logins = field(default_factory=Logins)
    ports: Ports = field(default_factory=Ports)
    habits: Habits | None = None  # of all, in place of their models' own
    own_habits: Mapping[int, Habits] = field(
        default_factory=dict
    )  # of single cameras, by their number from 1
    cache: Path | None = None  # where films are kept; the usual place when not given
    cameras: list[SimCamera] = field(default_factory=list, init=False)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._block = claim_block(self.block)
            stack.callback(self._block.release)
            films = await self._films()
            await self._warm_up()
            for setup, film in zip(self._setups(), films, strict=True):
                kind = KINDS[setup.model.family]
                camera = kind(setup, film, self._block.next_address)
                stack.push_async_callback(camera.close)
                await camera.start()
                self.cameras.append(camera)
            await self._hear_broadcasts(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def prefix(self) -> str:
        """The block's first three numbers."""
        return self._block.prefix

    def camera(self, mac: str) -> SimCamera | None:
        """The camera with this MAC, in whatever way it is written."""
        wanted = mac.upper().replace("-", ":")
        return next((camera for camera in self.cameras if camera.setup.mac == wanted), None)

    def _models(self) -> list[Model]:
        if self.models:
            return [MODELS[name] for name in self.models]
        return [DEFAULTS["kasa"]] * self.kasa + [DEFAULTS["tapo"]] * self.tapo

    def _setups(self) -> list[Setup]:
        return [
            Setup(
                number=number,
                alias=self._name(number),
                model=model,
                mac=self._block.mac(MAKERS[model.family], number),
                address=self._block.next_address(),
                logins=self.logins,
                ports=self.ports,
                habits=self.own_habits.get(number) or self.habits or model.habits,
            )
            for number, model in enumerate(self._models(), start=1)
        ]

    def _name(self, number: int) -> str:
        return self.names[number - 1] if number <= len(self.names) else f"Camera {number}"

    async def _films(self) -> list[Film]:
        """Encode what is not in the cache yet, as many films at once as there are processors."""
        turn = asyncio.Semaphore(max(1, os.cpu_count() or 1))

        async def film(number: int, model: Model) -> Film:
            async with turn:
                plan = Plan(number, *self.size, codec=model.codec, still=self.still)
                return await asyncio.to_thread(load, plan, self.cache)

        return list(await asyncio.gather(*(film(n, one) for n, one in enumerate(self._models(), start=1))))

    async def _warm_up(self) -> None:
        """Do in threads what would hold up the first clients: the RSA key, the sound."""
        await asyncio.gather(
            asyncio.to_thread(server_tls), *(asyncio.to_thread(sound.tone, law) for law in ("ulaw", "alaw"))
        )

    async def _hear_broadcasts(self, stack: AsyncExitStack) -> None:
        """Every camera answers a broadcast from its own socket, as it would on a real network."""
        for port in sorted({camera.beacon.port for camera in self.cameras}):

            def hear(data: bytes, addr: tuple[str, int], port: int = port) -> None:
                for camera in self.cameras:
                    if camera.beacon.port == port and camera.setup.habits.hears_broadcast:
                        camera.beacon.hear(data, addr)

            ear = await listen(BROADCAST, port, hear, shared=True)
            stack.callback(ear.close)
