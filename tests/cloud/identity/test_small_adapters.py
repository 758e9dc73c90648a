"""Wakes arrive, ports are kept, passwords are hashed a few at a time, certificates are renewed in time."""

import asyncio
import json
import os
import ssl
from pathlib import Path

import pytest

from backsight_cloud.adapters.authority import open_authority
from backsight_cloud.adapters.kept_ports import kept
from backsight_cloud.adapters.listeners import Running, read_running, write_running
from backsight_cloud.adapters.only_one import AlreadyRunning, only_one
from backsight_cloud.adapters.passwords import MOST_WAITING, PasswordsBusy, open_passwords
from backsight_cloud.adapters.server_certificate import ServerCertificate
from backsight_cloud.adapters.wake_socket import listen_for_wakes, send_wake
from backsight_shared.settings import Listen
from fakes.clock import FakeClock

DAY_MS = 86_400_000


async def test_a_wake_arrives(tmp_path: Path) -> None:
    woken = asyncio.Event()
    async with listen_for_wakes(tmp_path / "wake.sock", woken.set):
        assert send_wake(tmp_path / "wake.sock")
        await asyncio.wait_for(woken.wait(), 5)


async def test_a_wake_arrives_in_a_very_deep_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 20) / ("deep" * 20)
    deep.mkdir(parents=True)
    woken = asyncio.Event()
    async with listen_for_wakes(deep / "wake.sock", woken.set):
        assert send_wake(deep / "wake.sock")
        await asyncio.wait_for(woken.wait(), 5)


async def test_a_socket_that_a_killed_service_left_is_replaced(tmp_path: Path) -> None:
    async with listen_for_wakes(tmp_path / "wake.sock", lambda: None):
        pass
    assert (tmp_path / "wake.sock").exists()
    woken = asyncio.Event()
    async with listen_for_wakes(tmp_path / "wake.sock", woken.set):
        assert send_wake(tmp_path / "wake.sock")
        await asyncio.wait_for(woken.wait(), 5)


def test_waking_nobody_is_no_error(tmp_path: Path) -> None:
    assert not send_wake(tmp_path / "wake.sock")
    assert not send_wake(tmp_path / "nowhere" / "wake.sock")


def test_a_chosen_port_is_kept(tmp_path: Path) -> None:
    first = kept(tmp_path / "ports.json", "http", Listen("127.0.0.1", 0))
    assert first.port > 0
    assert kept(tmp_path / "ports.json", "http", Listen("127.0.0.1", 0)) == first
    assert kept(tmp_path / "ports.json", "https", Listen("127.0.0.1", 0)).port != 0


def test_a_port_that_is_said_is_obeyed(tmp_path: Path) -> None:
    kept(tmp_path / "ports.json", "http", Listen("127.0.0.1", 0))
    assert kept(tmp_path / "ports.json", "http", Listen("127.0.0.1", 8470)).port == 8470


@pytest.mark.parametrize("damage", ["", "nonsense", "[]", '{"http": "x"}'])
def test_a_damaged_list_of_ports_is_begun_anew(tmp_path: Path, damage: str) -> None:
    (tmp_path / "ports.json").write_text(damage)
    chosen = kept(tmp_path / "ports.json", "http", Listen("127.0.0.1", 0))
    assert json.loads((tmp_path / "ports.json").read_text())["http"] == chosen.port


async def test_a_password_is_verified_by_its_hash(tmp_path: Path) -> None:
    async with open_passwords() as passwords:
        hashed = await passwords.hash("correct horse")
        assert hashed.startswith("$argon2id$")
        assert await passwords.verify(hashed, "correct horse")
        assert not await passwords.verify(hashed, "wrong")
        assert not await passwords.verify("not a hash", "correct horse")


async def test_a_crowd_is_asked_to_come_again() -> None:
    async with open_passwords() as passwords:
        crowd = [asyncio.ensure_future(passwords.verify("x", "y")) for _ in range(MOST_WAITING + 1)]
        results = await asyncio.gather(*crowd, return_exceptions=True)
        assert [type(one) for one in results if one is not False] == [PasswordsBusy]


def test_the_servers_certificate_is_renewed_in_its_last_third(tmp_path: Path) -> None:
    clock = FakeClock()
    tls = ServerCertificate(
        tmp_path / "tls", ["cloud.example"], open_authority(tmp_path, clock.now_ms()), clock
    )
    first = tls.file.read_bytes()
    clock.jump(240 * DAY_MS)
    assert not tls.renew()
    clock.jump(10 * DAY_MS)
    assert tls.renew()
    assert tls.file.read_bytes() != first
    assert not tls.renew()


def test_it_is_for_every_name_and_for_this_machine(tmp_path: Path) -> None:
    clock = FakeClock()
    tls = ServerCertificate(
        tmp_path / "tls", ["cloud.example"], open_authority(tmp_path, clock.now_ms()), clock
    )
    text = str(ssl._ssl._test_decode_cert(str(tls.file)))  # type: ignore[attr-defined]
    assert {"cloud.example", "localhost", "127.0.0.1"} <= set(text.replace("'", " ").split())


def test_only_one_service_works_on_a_folder(tmp_path: Path) -> None:
    with only_one(tmp_path / "lock"), pytest.raises(AlreadyRunning, match="already"):
        only_one(tmp_path / "lock").__enter__()


def test_a_folder_is_free_again_when_the_service_has_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one(tmp_path / "lock"):
            pass


def test_a_service_that_was_killed_is_not_taken_for_running(tmp_path: Path) -> None:
    here = Running(os.getpid(), "http://x", "https://x", "x:1", "ca")
    write_running(tmp_path / "running.json", here)
    assert read_running(tmp_path / "running.json") == here
    write_running(tmp_path / "running.json", Running(2**22 + 1, "http://x", "https://x", "x:1", "ca"))
    assert read_running(tmp_path / "running.json") is None
    assert read_running(tmp_path / "nowhere.json") is None
