"""Sets the wall clock of processes that run: the other side of `shims/clock.c`."""

import mmap
import struct
import time
from pathlib import Path

_CONTROL = struct.Struct("<qqqqq")


class WrongClock:
    """The clock of those who have its environment. It begins right and synchronised."""

    def __init__(self, folder: Path, library: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._boot, control = folder / "boot", folder / "clock"
        control.write_bytes(bytes(_CONTROL.size))
        with control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _CONTROL.size)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAULTING_CLOCK": str(control),
            "FAULTING_BOOT": str(self._boot),
        }
        self._version = 0
        self.boots = 0
        self.boot()
        self.set(0.0)

    def set(self, ahead_s: float, *, synchronised: bool = True, ppm: int = 0) -> None:
        """From now on the clock is ahead of the truth by so much, and gains `ppm` millionths more."""
        values = (round(ahead_s * 1e9), time.monotonic_ns(), ppm, int(synchronised))
        self._version += 2
        self._memory[_CONTROL.size - 8 :] = struct.pack("<q", self._version - 1)
        self._memory[: _CONTROL.size - 8] = struct.pack("<qqqq", *values)
        self._memory[_CONTROL.size - 8 :] = struct.pack("<q", self._version)
        self.ahead_s = ahead_s

    def set_to(self, moment_s: float, *, synchronised: bool = False) -> None:
        """The clock shows this moment now (seconds since 1970)."""
        self.set(moment_s - time.time(), synchronised=synchronised)

    def boot(self) -> None:
        """Whoever starts from now on believes that the machine was booted in between."""
        self.boots += 1
        self._boot.write_text(f"{self.boots:08x}-0000-4000-8000-000000000000\n")
