"""No secret is ever in a log, an answer or on a command line, whatever works and whatever fails.

One run of a whole house that logs all it can, with passwords known to the test; what everybody said in it is
searched for each of them as it is, quoted, in base64, in hex and as the usual hashes.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from fakes.redaction import leaks
from simcam.settings import Logins
from stage.cloud import EMAIL, Cloud
from stage.hub import HubProcess
from stage.process import BIN, until
from stage.street import Street, street

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

TALKATIVE = ("--log-level", "debug", "--log-format", "json")
OWNERS, WRONG = "look back calmly", "a wrong password 77"
TOKEN = "5fd0c1c0ffee5fd0c1c0ffee5fd0c1c0"
METRICS_TOKEN = "77aa99bb77aa99bb77aa99bb77aa99bb"

METRICS = '[metrics]\nlisten = "127.0.0.1:0"\ntoken_file = "{token}"\n'


@dataclass
class House:
    """What runs, and everything that was heard of it."""

    folder: Path
    http: aiohttp.ClientSession
    street: Street
    cloud: Cloud
    hub: HubProcess
    secrets: dict[str, str | bytes] = field(default_factory=dict)
    heard: dict[str, str] = field(default_factory=dict)

    async def agent(self, *arguments: str, given: str = "", config: Path | None = None) -> None:
        """A command, that may fail: what it said."""
        await self.run("backsight-agent", "--config", str(config or self.hub.config), *arguments, given=given)

    async def run(self, program: str, *arguments: str, given: str = "") -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            str(BIN / program), *TALKATIVE, *arguments, stdin=pipe, stdout=pipe, stderr=pipe
        )
        out, err = await asyncio.wait_for(process.communicate(given.encode()), 60)
        self.heard[f"{program} {' '.join(arguments)[:60]} #{len(self.heard)}"] = (out + err).decode()

    async def get(self, url: str, **headers: str) -> int:
        """An answer, headers and all."""
        async with self.http.get(url, headers=headers, ssl=False) as answer:
            name = f"GET {url} #{len(self.heard)}"
            self.heard[name] = f"{dict(answer.headers)}\n{await answer.text(errors='replace')}"
            return answer.status

    def look_at_command_lines(self) -> None:
        """Of the processes that run now: other users can read them."""
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                ours = int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid()
            except (OSError, ValueError):
                continue
            if ours:
                self.heard[f"command line {line[:50]}"] = line

    def logs(self) -> dict[str, str]:
        files = [*self.folder.rglob("*.log"), *(self.folder / "cloud" / "state" / "broker").glob("*.conf")]
        return {str(file.relative_to(self.folder)): file.read_text(errors="replace") for file in files}


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """Two cameras, and a cloud that is not started and a hub that is not paired yet."""
    async with AsyncExitStack() as stack:
        timeout = aiohttp.ClientTimeout(total=15)
        http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        cloud = Cloud(folder / "cloud", None, options=TALKATIVE)
        hub = HubProcess(folder / "hub", http, options=TALKATIVE)
        cloud.write_config()
        token = folder / "cloud" / "metrics.token"
        token.touch(mode=0o600)
        token.write_text(METRICS_TOKEN)
        cloud.config.write_text(cloud.config.read_text() + METRICS.format(token=token))
        on_wire = await stack.enter_async_context(street(folder, 1, 1, size="320x180"))
        stack.push_async_callback(cloud.stop)
        stack.push_async_callback(hub.stop)
        house = House(folder, http, on_wire, cloud, hub)
        logins = Logins()
        house.secrets |= {
            "the cameras' password": logins.password,
            "the camera account's password": logins.camera_password,
            "the owner's password": OWNERS,
            "a wrong password": WRONG,
            "the token of the local API": TOKEN,
            "the token of the metrics": METRICS_TOKEN,
        }
        yield house


async def refused_at_the_cameras(house: House) -> None:
    """A hub whose passwords are wrong, alone, with a token on its pages."""
    wrong = HubProcess(house.folder / "wrong", house.http, options=TALKATIVE, history_window="1h")
    cameras = [json.loads(json.dumps(camera)) for camera in house.street.cameras]
    for camera in cameras:
        camera["logins"] |= {"password": WRONG, "camera_password": WRONG}
    wrong.write_config(tuple(cameras))
    token = wrong.folder / "api.token"
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    text = wrong.config.read_text().replace("[local_api]\n", f'[local_api]\ntoken_file = "{token}"\n')
    wrong.config.write_text(text)
    command = [str(BIN / "backsight-agent"), *TALKATIVE, "--config", str(wrong.config), "run"]
    with (wrong.folder / "wrong.log").open("ab") as log:
        child = await asyncio.create_subprocess_exec(*command, stderr=log)
    try:

        async def asked() -> bool:
            return (wrong.state / "running.json").exists()

        await until(asked, 30, "the hub with wrong passwords")
        for path in (
            "/status",
            "/metrics",
            f"/status?token={WRONG.replace(' ', '%20')}",
            f"/x?token={TOKEN}",
        ):
            await house.get(wrong.url + path)
        await house.get(f"{wrong.url}/metrics", Authorization=f"Bearer {TOKEN}")
        await asyncio.sleep(6)
        await house.agent("status", config=wrong.config)
        await house.agent("doctor", config=wrong.config)
        await house.agent("settings", "Garden", config=wrong.config)
        house.look_at_command_lines()
    finally:
        child.terminate()
        await asyncio.wait_for(child.wait(), 30)


async def paired_and_uploading(house: House) -> None:
    """Pairing with a wrong and a right code, recording, uploading, signing in wrongly and rightly."""
    cloud, hub = house.cloud, house.hub
    await cloud.start()
    await cloud.add_owner(password=OWNERS)
    code = await cloud.pairing_code()
    house.secrets |= {"the code": code, "the code without its dash": code.replace("-", "")}
    hub.write_config(house.street.cameras)
    url, ca = cloud.addresses["https"], str(cloud.ca_file)
    await house.agent("pair", url, "-", "--ca", ca, given="AAAA-AAAA-AAAA\n")
    await house.agent("pair", url, "-", "--ca", ca, "--name", "Demo hub", given=f"{code}\n")
    await house.agent("pair", url, "-", "--ca", ca, given=f"{code}\n")
    await hub.start()
    await until(hub.recording, 30, "both cameras to record")
    for given in (WRONG, OWNERS):
        body = {"email": EMAIL, "password": given}
        headers = {"Origin": cloud.addresses["http"]}
        async with house.http.post(
            f"{cloud.addresses['http']}/v1/sessions", json=body, headers=headers
        ) as answer:
            house.heard[f"sign in #{len(house.heard)}"] = await answer.text()
            cookie = answer.cookies.get("__Host-backsight")
    assert cookie is not None
    house.secrets["the session"] = cookie.value
    house.http.headers["Cookie"] = f"__Host-backsight={cookie.value}"
    await until(lambda: _uploaded(cloud), 60, f"a segment in the cloud\n{hub.child and hub.child.tail()}")
    await house.get(f"{cloud.addresses['http']}/v1/cameras")
    house.look_at_command_lines()
    await house.get(f"{cloud.addresses['http']}/v1/objects/none?size=1&expires=99999999999999&signature=00ff")
    await house.get(f"{cloud.addresses['metrics']}/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
    await house.get(f"{cloud.addresses['metrics']}/metrics", Authorization=f"Bearer {WRONG.replace(' ', '')}")
    for path in ("/status", "/metrics", "/cameras"):
        await house.get(hub.url + path)
    for command in (("status", "--json"), ("doctor",), ("check-config",), ("history", "Garden")):
        await house.agent(*command)


async def _uploaded(cloud: Cloud) -> bool:
    return any(file.is_file() for file in cloud.media.rglob("*"))


async def cut_off(house: House) -> None:
    """The cloud is killed while footage is on its way; the hub is unpaired; then its files are damaged."""
    await house.cloud.kill()
    await asyncio.sleep(14)
    await house.cloud.start()
    await house.cloud.run("hub", "unpair", "Demo hub")
    await asyncio.sleep(6)
    await house.agent("doctor")
    house.secrets |= key_material(house)
    (house.hub.state / "hub.key").write_bytes((house.hub.state / "hub.key").read_bytes()[:-60])
    await house.agent("doctor")
    await house.agent("unpair", "--yes")
    stuck = house.hub.folder / "74.password"
    stuck.write_text(f"{WRONG}\nand more\n")
    bad = house.hub.folder / "bad.toml"
    bad.write_text(
        house.hub.config.read_text().replace('password_file = "', f'password_file = "{stuck}" # "', 1)
    )
    await house.agent("check-config", config=bad)


def key_material(house: House) -> dict[str, str | bytes]:
    """What is in the files that only their owners may read."""
    found: dict[str, str | bytes] = {}
    files = [house.hub.state / "hub.key", *(house.cloud.folder / "state" / "secrets").iterdir()]
    for file in files:
        content = file.read_bytes()
        if b"PRIVATE KEY" in content:
            lines = content.decode().splitlines()[1:-1]
            found |= {f"line {number} of {file.name}": line for number, line in enumerate(lines)}
        elif file.name.endswith(".key"):
            found[file.name] = content.strip()
    assert len(found) >= 4
    return found


async def test_nobody_says_a_secret(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await refused_at_the_cameras(house)
        await paired_and_uploading(house)
        await cut_off(house)
    heard = house.heard | house.logs()
    assert sum(len(text) for text in heard.values()) > 20_000
    assert {name for name in heard if name.endswith(".log")} >= {"cloud/cloud.log", "hub/hub.log"}
    found = {name: leaked for name, text in heard.items() if (leaked := leaks(text, house.secrets))}
    assert found == {}
