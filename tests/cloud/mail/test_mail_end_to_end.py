"""The running service mails what happens to an account, by SMTP or into a folder; the operator can see it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fakes.mail import SmtpServer, smtp_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

DEADLINE_S = 30.0
TOML = """state = "state"
[http]
listen = "127.0.0.1:0"
[https]
listen = "127.0.0.1:0"
[broker]
listen = "127.0.0.1:0"
"""
SIGN_UP = {"email": "ann@example.org", "password": "correct horse battery", "zone": "Europe/Berlin"}


async def start(folder: Path, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "backsight_cloud", "--json", *words, cwd=folder, stdout=pipe, stderr=pipe,
        env=os.environ,
    )  # fmt: skip


async def command(folder: Path, *words: str) -> Any:
    process = await start(folder, *words)
    out, err = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


@asynccontextmanager
async def serving(folder: Path, mail: str) -> AsyncIterator[str]:
    """The address of a service with these words about mail."""
    (folder / "cloud.toml").write_text(f"{TOML}\n[mail]\n{mail}")
    process = await start(folder, "serve", "--log-level", "error")
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
    try:
        if not line:
            raise AssertionError((await process.communicate())[1].decode())
        yield json.loads(line)["http"]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    assert "Traceback" not in err.decode(), err.decode()


async def sign_up(address: str) -> None:
    signing_up = f"{address}/v1/accounts"
    async with aiohttp.ClientSession() as browser, browser.post(signing_up, json=SIGN_UP) as answer:
        assert answer.status < 300, await answer.text()


async def arrived(server: SmtpServer, number: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while len(server.got) < number:
            await asyncio.sleep(0.05)


async def test_who_signs_up_has_a_mail_by_smtp_and_an_operator_sees_that_it_went(tmp_path: Path) -> None:
    async with smtp_server() as server:
        mail = f'from = "care@example.org"\nsmtp = "127.0.0.1:{server.port}"\ntls = "none"\n'
        async with serving(tmp_path, mail) as address:
            await sign_up(address)
            await arrived(server, 1)
            message = server.got[0]
            body = message.get_body(("plain",))
            assert body is not None
            assert (message["To"], "/confirm/" in body.get_content()) == ("ann@example.org", True)
            assert address in body.get_content()
            (listed,) = await command(tmp_path, "mail", "list")
            assert (listed["kind"], listed["state"]) == ("confirm_address", "sent")


async def test_a_bounce_is_listed_and_the_mail_sent_again_by_a_command_goes_out_at_once(
    tmp_path: Path,
) -> None:
    async with smtp_server() as server:
        server.answers = {"ann@example.org": "550 no such user"}
        mail = f'from = "care@example.org"\nsmtp = "127.0.0.1:{server.port}"\ntls = "none"\n'
        async with serving(tmp_path, mail) as address:
            await sign_up(address)
            async with asyncio.timeout(DEADLINE_S):
                while not (failed := await command(tmp_path, "mail", "list", "--failed")):
                    await asyncio.sleep(0.2)
            assert failed[0]["trouble"].startswith("550")
            server.answers = {}
            process = await start(tmp_path, "mail", "again", failed[0]["mail"])
            _, err = await process.communicate()
            assert b"link that works once" in err
            await sign_up(address)  # asks for another one
            await arrived(server, 1)


async def test_without_a_mail_server_mails_are_files_in_the_outbox(tmp_path: Path) -> None:
    async with serving(tmp_path, "") as address:
        await sign_up(address)
        async with asyncio.timeout(DEADLINE_S):
            while not list((tmp_path / "state/outbox").glob("*Z-confirm_address-*.eml")):
                await asyncio.sleep(0.05)
