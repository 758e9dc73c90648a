"""A real mosquitto as the cloud runs it: TLS, client certificates, a hub's name pinned to its certificate."""

import asyncio
import contextlib
import os
import pwd
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from fakes.certificates import Issued, TestAuthority

_CONFIG = """
per_listener_settings true
persistence false
max_queued_messages 1000
user {user}
listener {port} 127.0.0.1
cafile {folder}/ca.crt
certfile {folder}/server.crt
keyfile {folder}/server.key
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/acl
"""

_ACL = """
user service
topic readwrite #

pattern read backsight/v1/hubs/%u/entitlement
pattern write backsight/v1/hubs/%u/pull
pattern write backsight/v1/hubs/%u/status
"""


class BrokerProcess:
    """Can be killed and started again on the same port; it forgets everything then."""

    def __init__(self, folder: Path, authority: TestAuthority) -> None:
        self.authority = authority
        self.port = _free_port()
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        folder.mkdir(mode=0o700, exist_ok=True)
        server = authority.server()
        self._write("ca.crt", authority.pem.encode())
        self._write("server.crt", server.certificate_pem)
        self._write("server.key", server.key_pem)
        self._write("acl", _ACL.encode())
        user = pwd.getpwuid(os.getuid()).pw_name
        self._write("conf", _CONFIG.format(folder=folder, port=self.port, user=user).encode())

    async def start(self) -> None:
        conf = str(self._folder / "conf")
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            "mosquitto", "-c", conf, stdout=quiet, stderr=quiet
        )
        async with asyncio.timeout(10):
            while not await self._listens():
                assert self._process.returncode is None, "mosquitto did not start"
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """As a crash does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["BrokerProcess"]:
        await self.start()
        try:
            yield self
        finally:
            await self.kill()

    @asynccontextmanager
    async def service(self) -> AsyncIterator[aiomqtt.Client]:
        """The cloud's own connection, which may all."""
        async with self.client(self.authority.client("service"), "service") as client:
            yield client

    def client(self, issued: Issued, name: str) -> aiomqtt.Client:
        """A connection with this certificate."""
        chain, key = (
            self._write(f"{name}.crt", issued.certificate_pem),
            self._write(f"{name}.key", issued.key_pem),
        )
        context = ssl.create_default_context(cadata=self.authority.pem)
        context.load_cert_chain(chain, key)
        return aiomqtt.Client(
            "127.0.0.1",
            self.port,
            identifier=name,
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=context,
            timeout=10,
        )

    def _write(self, name: str, data: bytes) -> Path:
        file = self._folder / name
        file.write_bytes(data)
        file.chmod(0o600)
        return file

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
