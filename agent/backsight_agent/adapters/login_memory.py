"""`logins.json` in the state folder: which login each Kasa camera took, and when it refused them all."""

import asyncio
import hashlib
import json
import logging
import secrets
from dataclasses import asdict
from pathlib import Path

from backsight_agent.adapters.private_files import write_private
from backsight_agent.domain.login import Login
from backsight_agent.domain.login_rounds import Tried

MARK_BYTES = 4  # enough to see that a login is another one, far too few to guess it by

log = logging.getLogger(__name__)


class LoginMemory:
    """What is remembered over restarts. Holds no login, only whether it is another one than before."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "logins.json"
        self._salt = secrets.token_hex(8)
        self._tried: dict[str, Tried] = {}
        self._load()

    def tried(self, camera: str) -> Tried:
        """What is known of a camera."""
        return self._tried.get(camera, Tried())

    def mark_of(self, login: Login) -> str:
        """Changes with the login, and says nothing else of it."""
        text = f"{login.username}\0{login.password}".encode()
        return hashlib.blake2b(text, digest_size=MARK_BYTES, key=self._salt.encode()).hexdigest()

    async def note(self, camera: str, tried: Tried) -> None:
        """Remember it durably; a disk that cannot be written costs no more than that."""
        if self.tried(camera) == tried:
            return
        self._tried[camera] = tried
        kept = {"salt": self._salt, "cameras": {name: asdict(one) for name, one in self._tried.items()}}
        try:
            await asyncio.to_thread(write_private, self._file, json.dumps(kept, indent=1).encode())
        except OSError as error:
            log.warning("which login %s takes could not be kept: %s", camera, error.strerror)

    def _load(self) -> None:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._tried = {str(camera): _tried(one) for camera, one in kept["cameras"].items()}
            self._salt = str(kept["salt"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s cannot be read; logins are tried anew", self._file)
            self._tried = {}


def _tried(kept: dict[str, object]) -> Tried:
    when = kept["refused_ms"]
    return Tried(str(kept["winner"]), when if isinstance(when, int) else None, str(kept["mark"]))
