"""`hanging.json` in the state folder: on which hub cameras hang, and what their hub calls them."""

import asyncio
import json
import logging
from dataclasses import asdict
from pathlib import Path

from backsight_agent.adapters.private_files import write_private
from backsight_agent.domain.whereabouts import OnHub
from backsight_shared.segment import camera_id

log = logging.getLogger(__name__)


class HangingFile:
    """Read once. One that cannot be read or written costs a hub another question, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "hanging.json"
        self._turn = asyncio.Lock()
        self._places = self._read()

    def place(self, camera: str) -> OnHub | None:
        """Where it hangs; None when nobody has asked yet."""
        return self._places.get(camera)

    async def note(self, camera: str, place: OnHub) -> None:
        """Remember it durably."""
        async with self._turn:
            if self._places.get(camera) == place:
                return
            self._places[camera] = place
            kept = {name: asdict(one) for name, one in self._places.items()}
            try:
                await asyncio.to_thread(write_private, self._file, json.dumps(kept, indent=1).encode())
            except OSError as error:
                log.warning("on which hub %s hangs could not be kept: %s", camera, error.strerror)

    def _read(self) -> dict[str, OnHub]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return {
                camera_id(camera): OnHub(str(one["device_id"]), one["hub"] and camera_id(one["hub"]))
                for camera, one in kept.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s cannot be read; hubs are asked anew what hangs on them", self._file)
            return {}
