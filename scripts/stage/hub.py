"""A hub as a child process: the agent with its own state folder, paired with the stage's cloud."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from stage.asking import get_bytes, get_json
from stage.process import BIN, Child, command, until


@dataclass
class HubProcess:
    """An agent that can be started, stopped and killed as often as needed."""

    folder: Path
    http: aiohttp.ClientSession
    local_listen: str = "127.0.0.1:0"
    child: Child | None = None
    history_window: str = ""  # only for a hub without a cloud
    zone: str = ""  # where the hub looks for motion; everywhere when empty
    options: tuple[str, ...] = ()  # of its command line: how much it logs, and how
    cameras: tuple[dict[str, Any], ...] = field(default_factory=tuple)

    @property
    def config(self) -> Path:
        return self.folder / "agent.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def paired(self) -> bool:
        return (self.state / "pairing.json").exists()

    def write_config(self, cameras: tuple[dict[str, Any], ...]) -> None:
        """Every camera of the street, with its logins in files of their own."""
        self.cameras = cameras
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = [f'state = "{self.state}"\nname = "Demo hub"\n']
        if self.history_window:  # without a cloud that confirms the time, and perhaps without NTP
            parts.append(f'[history]\nwindow = "{self.history_window}"\n[clock]\ntrust = "system"\n')
        parts.append(f'[local_api]\nlisten = "{self.local_listen}"\n')
        parts += [self._camera_part(camera) for camera in cameras]
        self.config.write_text("".join(parts))

    async def pair(self, url: str, code: str, ca_file: Path) -> None:
        """Join the account that made the code."""
        await self.command("pair", url, "-", "--name", "Demo hub", "--ca", str(ca_file), stdin=code + "\n")

    async def start(self) -> None:
        """Run the agent until its local API answers."""
        (self.state / "running.json").unlink(missing_ok=True)
        run: list[str | Path] = [BIN / "backsight-agent", "--config", self.config, *self.options, "run"]
        self.child = await Child.start("hub", run, self.folder / "hub.log", announces=False)
        await until(self._answers, 30, f"the hub's local API\n{self.child.tail()}")

    async def stop(self) -> None:
        """Ask it to end."""
        if self.child:
            await self.child.stop()

    async def kill(self) -> None:
        """SIGKILL: a power cut."""
        if self.child:
            await self.child.kill()

    async def command(self, *arguments: str, stdin: str = "") -> str:
        """One of the agent's commands."""
        return await command("backsight-agent", "--config", self.config, *arguments, stdin=stdin)

    @property
    def url(self) -> str:
        """Where the running agent's local API is."""
        return str(json.loads((self.state / "running.json").read_text())["url"])

    async def json(self, path: str, **query: int) -> Any:
        """An answer of the local API."""
        return await get_json(self.http, self.url + path, query)

    async def bytes(self, path: str, **query: int) -> bytes:
        """Media. Raises FileNotFoundError for what is not there (any more)."""
        return await get_bytes(self.http, self.url + path, query)

    async def recording(self) -> bool:
        """Whether every camera is recording that should be."""
        status = await self.json("/status")
        return all(camera["state"] in ("recording", "not_recorded") for camera in status["cameras"])

    async def _answers(self) -> bool:
        assert self.child is not None
        if not (self.state / "running.json").exists():
            return False
        try:
            await self.json("/status")
        except aiohttp.ClientConnectionError:
            return False
        return True

    def _camera_part(self, camera: dict[str, Any]) -> str:
        lines = ["[[camera]]", f'name = "{camera["alias"]}"', f'mac = "{camera["mac"]}"']
        lines += [f'family = "{camera["family"]}"', f'host = "{camera["address"]}"']
        lines += [f'model = "{camera["model"]}"']
        lines += [] if camera.get("recorded", True) else ['record = "off"']
        lines += [f'folder = "{camera["folder"]}"'] if "folder" in camera else []
        lines += self._logins(camera)
        lines += ["[camera.motion]", f'zones = ["{self.zone}"]'] if self.zone else []
        return "\n".join(lines) + "\n"

    def _logins(self, camera: dict[str, Any]) -> list[str]:
        logins, ports = camera["logins"], camera["ports"]
        password = self._secret(f"{camera['mac']}.password", logins["password"])
        if camera["family"] == "kasa":
            return [f'username = "{logins["email"]}"', f'password_file = "{password}"']
        if "rtsp" not in ports:  # what its app uses is all that it has
            return [f'password_file = "{password}"', f"https_port = {ports['https']}"]
        stream = self._secret(f"{camera['mac']}.stream", logins["camera_password"])
        return [
            'username = "admin"',
            f'password_file = "{password}"',
            f'stream_username = "{logins["camera_user"]}"',
            f'stream_password_file = "{stream}"',
            f"https_port = {ports['https']}",
            f"rtsp_port = {ports['rtsp']}",
        ]

    def _secret(self, name: str, text: str) -> Path:
        path = self.folder / name.replace(":", "")
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        return path
