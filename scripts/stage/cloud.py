"""The cloud service as a child process, and an owner's eyes on it."""

import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from backsight_shared.window import WindowStep
from stage.asking import get_bytes, get_json
from stage.process import BIN, Child, command

EMAIL, PASSWORD = "demo@backsight.example", "look back calmly"


@dataclass
class Cloud:
    """A cloud with its own state folder. `start` and `kill` it as often as needed."""

    folder: Path
    windows: dict[str, str] | None  # free, plus, premium: "40s", "14d"; None: the real ones
    http_listen: str = "127.0.0.1:0"
    options: tuple[str, ...] = ()  # of its command line: how much it logs, and how
    child: Child | None = None
    addresses: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "cloud.toml"

    @property
    def media(self) -> Path:
        return self.folder / "state" / "media"

    def write_config(self) -> None:
        """Everything on loopback and free ports; the windows of the occasion."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f'state = "{self.folder / "state"}"\n'
            f'[http]\nlisten = "{self.http_listen}"\n'
            '[https]\nlisten = "127.0.0.1:0"\nnames = ["localhost", "127.0.0.1"]\n'
            '[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"\n' + self._plans()
        )

    def _plans(self) -> str:
        if self.windows is None:
            return ""
        return (
            f'[plans.free]\ndefault_window = "{self.windows["free"]}"\n'
            f'[plans.free.windows]\nEC60 = "{self.windows["free"]}"\nC210 = "{self.windows["free"]}"\n'
            f'[plans.plus]\nwindow = "{self.windows["plus"]}"\n'
            f'[plans.premium]\nwindow = "{self.windows["premium"]}"\n'
        )

    async def start(self) -> None:
        """Run the service until it answers."""
        serve: list[str | Path] = [BIN / "backsight-cloud", "--config", self.config, *self.options]
        serve += ["serve", "--json"]
        self.child = await Child.start("cloud", serve, self.folder / "cloud.log", announces=True)
        self.addresses = self.child.announced

    async def stop(self) -> None:
        """Ask it to end."""
        if self.child:
            await self.child.stop()

    async def kill(self) -> None:
        """SIGKILL: its broker is left behind, for the next start to find."""
        if self.child:
            await self.child.kill()

    async def run(self, *arguments: str, stdin: str = "") -> Any:
        """An operator's command; what it says with --json."""
        said = await command("backsight-cloud", "--config", self.config, *arguments, "--json", stdin=stdin)
        return json.loads(said)

    async def add_owner(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        """An account."""
        await self.run("account", "add", email, stdin=password + "\n")

    async def pairing_code(self, email: str = EMAIL) -> str:
        """A code for a hub of this account."""
        return str((await self.run("code", email))["code"])

    async def set_plan(self, camera: str, plan: str) -> None:
        """Change a camera's plan, as billing will."""
        await self.run("plan", "set", camera, plan)

    async def steps(self) -> dict[str, tuple[WindowStep, ...]]:
        """Each camera's window steps, as the cloud's operator sees them."""
        return {
            camera["camera"]: tuple(
                WindowStep(step["from_ms"], step["window_s"] * 1000) for step in camera["windows"]
            )
            for camera in await self.run("camera", "list")
        }

    @property
    def ca_file(self) -> Path:
        """The certificate that hubs are told to trust."""
        return Path(self.addresses["ca"])


@dataclass
class Owner:
    """A signed-in owner's requests to the cloud."""

    http: aiohttp.ClientSession
    url: str

    @classmethod
    async def sign_in(cls, http: aiohttp.ClientSession, url: str) -> "Owner":
        """With the demo's account."""
        body = {"email": EMAIL, "password": PASSWORD}
        async with http.post(f"{url}/v1/sessions", json=body, headers={"Origin": url}) as answer:
            answer.raise_for_status()
            # Our cookie is Secure: a browser sends it to loopback without TLS, aiohttp's jar does not.
            cookie = answer.cookies["__Host-backsight"].value
        http.headers["Cookie"] = f"__Host-backsight={cookie}"
        return cls(http, url)

    async def json(self, path: str, **query: int) -> Any:
        """An answer of the API."""
        return await get_json(self.http, self.url + path, query)

    async def bytes(self, path: str, **query: int) -> bytes:
        """Media. Raises FileNotFoundError for what is not there (any more)."""
        return await get_bytes(self.http, self.url + path, query)


def trusting(ca_file: Path) -> ssl.SSLContext:
    """A TLS context that trusts only this authority."""
    return ssl.create_default_context(cafile=str(ca_file))
