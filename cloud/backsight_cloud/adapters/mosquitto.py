"""Runs mosquitto as a child process: written its configuration, watched, and stopped with the service."""

import asyncio
import getpass
import logging
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from backsight_cloud.adapters.authority import Authority
from backsight_cloud.adapters.mosquitto_config import BrokerPlace, access_list, configuration
from backsight_cloud.adapters.secret_files import make_private_folder, write_private
from backsight_shared.clock import Clock
from backsight_shared.errors import NeedsAttention, TryLater

STOPPING_S = 5.0  # seconds that mosquitto has to end by itself

_SEARCHED = os.pathsep.join((os.defpath, "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"))
_LOOK_S = 0.05  # seconds between looks at a process that is not our child
_LAST_LINES = 5  # of what it said, for the log when it ends

log = logging.getLogger(__name__)


class BrokerNotInstalled(NeedsAttention):
    """There is no mosquitto on this machine."""


class BrokerStopped(TryLater):
    """mosquitto ended although nobody asked it to."""


class Mosquitto:
    """One broker process and its files."""

    def __init__(self, place: BrokerPlace, authority: Authority, clock: Clock) -> None:
        self._place = place
        self._authority = authority
        self._clock = clock
        self._process: Process | None = None

    def prepare(self, revoked: Sequence[str]) -> None:
        """Write every file. Raises BrokerNotInstalled or SecretUnreadable."""
        _executable()
        folder, place = self._place.folder, self._place
        make_private_folder(folder)
        make_private_folder(folder / "data")
        text = configuration(place, getpass.getuser())
        write_private(folder / "mosquitto.conf", text.encode())
        write_private(folder / "acl", access_list().encode())
        self.write_revoked(revoked)

    def write_revoked(self, serials: Sequence[str]) -> None:
        """Refuse these certificates from the next `reload` on."""
        content = self._authority.revocation_list(serials, self._clock.now_ms())
        write_private(self._place.folder / "revoked.crl", content)

    def reload(self) -> None:
        """Make a running broker read its access list, certificate and revocations again."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGHUP)

    async def run(self) -> None:
        """Run until cancelled; raises BrokerStopped when mosquitto ends by itself."""
        await self._end_leftover()
        configuration_file = str(self._place.folder / "mosquitto.conf")
        process = await asyncio.create_subprocess_exec(
            _executable(),
            "-c",
            configuration_file,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
            start_new_session=True,  # Ctrl-C is for us: the broker goes last
        )
        self._process = process
        try:
            said = await _listen(process)
            code = await process.wait()
        finally:
            await _end(process)
        raise BrokerStopped(f"mosquitto ended by itself (code {code}): {said}")

    async def _end_leftover(self) -> None:
        """A service that was killed leaves its broker behind, with the port that we need."""
        pid = self._leftover()
        if pid is None:
            return
        log.warning("ending the broker that an earlier service left behind (process %d)", pid)
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, wanted)
            deadline = self._clock.monotonic() + STOPPING_S
            while self._leftover() == pid and self._clock.monotonic() < deadline:
                await self._clock.sleep(_LOOK_S)

    def _leftover(self) -> int | None:
        """The process in the pid file, if it is a mosquitto with our own configuration file."""
        try:
            pid = int((self._place.folder / "mosquitto.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        ours = str(self._place.folder / "mosquitto.conf").encode()
        return pid if b"mosquitto" in command[0] and ours in command else None


def _executable() -> str:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SEARCHED)
    if found is None:
        raise BrokerNotInstalled("the MQTT broker is not installed: apt-get install mosquitto")
    return found


async def _listen(process: Process) -> str:
    """Pass on what mosquitto says until it ends; its last words."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    if process.stderr is None:
        return ""
    async for line in process.stderr:
        text = line.decode(errors="replace").strip()
        last.append(text.partition(": ")[2] or text)  # without its own time stamp
        log.info("mosquitto: %s", last[-1])
    return "; ".join(last) or "it said nothing"


async def _end(process: Process) -> None:
    """Ask, then insist; the process is gone when this returns."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOPPING_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
