"""A check-up looks at the real disk, index, machine and cameras, in bounded time, and changes nothing."""

import os
import sqlite3
from pathlib import Path

import pytest

from agent.front.conftest import OpenStreet
from backsight_agent.adapters.login_memory import LoginMemory
from backsight_agent.adapters.probing import index as probing_index
from backsight_agent.adapters.probing.cameras import look_at_cameras, why_closed
from backsight_agent.adapters.probing.disks import SYNCS, look_at_disk
from backsight_agent.adapters.probing.index import look_at_index
from backsight_agent.adapters.probing.machine import has_default_route, look_at_network, why_unresolved
from backsight_agent.adapters.store.opening import open_store
from backsight_agent.config import Settings, load
from backsight_agent.domain.login_rounds import refused
from fakes.clock import NOON_MS, FakeClock
from fakes.footage_of_hub import CAMERA, record
from simcam.camera import SimCamera


def test_a_folder_is_looked_at_and_left_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    facts = look_at_disk(tmp_path, None, ())
    assert (facts.exists, facts.writable, facts.own, facts.private) == (True, True, True, True)
    assert facts.total_bytes > facts.free_bytes > 0
    assert facts.total_bytes > facts.reserve_bytes > 0
    assert 1 <= len(facts.syncs_s) <= SYNCS
    assert list(tmp_path.iterdir()) == []


def test_the_disk_of_a_folder_is_known(tmp_path: Path) -> None:
    mount = look_at_disk(tmp_path, None, ()).mount
    assert mount is not None
    assert tmp_path.resolve().is_relative_to(mount.point)


def test_a_folder_that_others_can_read_is_seen(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert not look_at_disk(tmp_path, None, ()).private


def test_a_folder_that_is_still_to_be_made_is_not_made(tmp_path: Path) -> None:
    facts = look_at_disk(tmp_path / "a" / "b", None, ())
    assert (facts.exists, facts.writable) == (False, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_seen(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert not look_at_disk(tmp_path, None, ()).writable


async def test_an_index_is_whole_and_measured_while_an_agent_has_it_open(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        segments = await record(store, 6, NOON_MS)
        seen = look_at_index(tmp_path, [CAMERA, "74fece0a0b0c"])
    assert (seen.facts.exists, seen.facts.error, seen.facts.damage) == (True, "", "")
    assert seen.facts.identity == seen.facts.media_identity is not None
    measured = seen.cameras[CAMERA]
    assert measured.kept_s == 60
    assert measured.bytes_s == sum(one.size_bytes for one in segments) / 60
    assert "74fece0a0b0c" not in seen.cameras


async def test_an_index_is_looked_at_without_an_agent(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await record(store, 6, NOON_MS)
    assert look_at_index(tmp_path, [CAMERA]).cameras[CAMERA].kept_s == 60


def test_where_no_agent_ever_ran_there_is_none(tmp_path: Path) -> None:
    facts = look_at_index(tmp_path, [CAMERA]).facts
    assert (facts.exists, facts.media_identity, facts.media_there) == (False, None, False)
    assert list(tmp_path.iterdir()) == []


async def test_a_damaged_index_is_seen(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        for run in range(40):
            await record(store, 10, NOON_MS + run * 1_000_000)
    file = tmp_path / "agent.db"
    sqlite3.connect(file).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = bytearray(file.read_bytes())
    assert len(whole) > 40_000
    whole[20_000:32_000] = os.urandom(12_000)
    file.write_bytes(whole)
    assert look_at_index(tmp_path, [CAMERA]).facts.damage


def test_what_is_no_index_is_seen(tmp_path: Path) -> None:
    (tmp_path / "agent.db").write_bytes(b"this is a text, not a database" * 1000)
    assert "not a database" in look_at_index(tmp_path, [CAMERA]).facts.damage


async def test_a_check_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        for run in range(40):
            await record(store, 10, NOON_MS + run * 1_000_000)
    monkeypatch.setattr(probing_index, "CHECK_S", 0.0)
    monkeypatch.setattr(probing_index, "_STEPS", 10)
    facts = look_at_index(tmp_path, [CAMERA]).facts
    assert (facts.damage, facts.checked_whole) == ("", False)


ROUTES = """\
Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 0102A8C0 0003 0 0 0 00000000 0 0 0
eth0 0002A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
"""
ROUTES_6 = (
    "0" * 32 + " 00 " + "0" * 32 + " 00 fe80" + "0" * 28 + " 00000400 00000000 00000000 00000003 wlan0\n"
)


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "found"),
    [
        (ROUTES, "", True),
        ("", ROUTES_6, True),
        (ROUTES.replace("00000000 0102A8C0 0003", "00000000 0102A8C0 0000"), "", False),
        (ROUTES.splitlines()[0], ROUTES_6.replace("wlan0", "lo"), False),
        ("", "", False),
    ],
)
def test_a_default_route_is_one_that_is_up_and_leads_out(ipv4: str, ipv6: str, found: bool) -> None:
    assert has_default_route(ipv4, ipv6) is found


async def test_a_cloud_in_digits_is_not_resolved() -> None:
    assert (await look_at_network("192.0.2.1")).host == ""
    assert (await look_at_network("")).host == ""
    assert (await look_at_network("localhost")).unresolved == ""


async def test_a_name_without_an_address_is_told() -> None:
    assert await why_unresolved("no such name.invalid") != ""


CAMERA_TOML = """\
[[camera]]
name = "Front door"
mac = "{mac}"
family = "kasa"
host = "{host}"
model = "EC60"
username = "owner@example.com"
password_file = "kasa.password"
"""


def settings_for(folder: Path, host: str, mac: str) -> Settings:
    (folder / "kasa.password").write_text("kasa password 1\n")
    (folder / "kasa.password").chmod(0o600)
    (folder / "agent.toml").write_text('state = "state"\n' + CAMERA_TOML.format(mac=mac, host=host))
    return load(folder / "agent.toml")


async def test_a_camera_is_seen_without_a_login(open_street: OpenStreet, tmp_path: Path) -> None:
    street = await open_street(kasa=1, tapo=0)
    camera: SimCamera = street.cameras[0]
    settings = settings_for(tmp_path, camera.address, camera.setup.mac)
    (seen,) = await look_at_cameras(settings, None)
    assert seen.announced == "EC60 with firmware 2.3.22"
    assert set(seen.ports.values()) == {""}
    assert (seen.stranger, seen.known, seen.has_login, seen.state) == ("", True, True, "")


async def test_another_camera_at_its_address_is_a_stranger(open_street: OpenStreet, tmp_path: Path) -> None:
    camera = (await open_street(kasa=1, tapo=0)).cameras[0]
    (seen,) = await look_at_cameras(settings_for(tmp_path, camera.address, "74:FE:CE:00:00:09"), None)
    assert seen.stranger == f"EC60 {camera.setup.mac}"
    assert seen.announced == ""


async def test_a_refused_login_is_remembered_while_it_is_the_same(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "127.9.9.9", "74:FE:CE:01:02:03")
    memory, login = LoginMemory(settings.state), settings.cameras[0].control
    assert login is not None
    await memory.note(CAMERA, refused(memory.tried(CAMERA), memory.mark_of(login), NOON_MS))
    (seen,) = await look_at_cameras(settings, None)
    assert seen.refused_ms == NOON_MS
    (tmp_path / "kasa.password").write_text("another password\n")
    (seen,) = await look_at_cameras(load(tmp_path / "agent.toml"), None)
    assert seen.refused_ms is None


async def test_a_name_of_a_camera_without_an_address_is_seen(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "no-such-camera.invalid", "74:FE:CE:01:02:03")
    (seen,) = await look_at_cameras(settings, None)
    assert (seen.unresolved, seen.ports) == (True, {})


async def test_a_shut_port_is_told_with_the_reason() -> None:
    assert await why_closed("127.9.9.9", 9) == "Connection refused"
