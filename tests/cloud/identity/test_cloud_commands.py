"""The command line answers people in lines and programs in JSON, and complains in one line."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backsight_cloud.adapters.authority import open_authority
from backsight_cloud.adapters.database.opening import open_database
from backsight_cloud.config import load
from backsight_cloud.services.accounts import Accounts
from backsight_cloud.services.cameras import CameraBinding
from backsight_cloud.services.pairing import CloudIdentity, HubPairing
from backsight_cloud.services.wakes import Wakes
from backsight_shared.clock import SystemClock
from backsight_shared.wire import PairRequest
from fakes.household import a_run, segments_of
from fakes.hub_keys import HubKey
from fakes.passwords import FakePasswords

pytestmark = pytest.mark.slow

DOOR = "74fece010203"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "cloud.toml").write_text('state = "state"\n[https]\nlisten = "127.0.0.1:8471"\n')

    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backsight_cloud", *words]
        return subprocess.run(command, cwd=tmp_path, input=stdin, capture_output=True, text=True, timeout=20)

    return run


@pytest.fixture
def furnished(run: Run, tmp_path: Path) -> Run:
    """Ann has a hub with a camera."""
    asyncio.run(furnish(tmp_path))
    return run


async def furnish(folder: Path) -> None:
    """As the running service does it."""
    (folder / "state").mkdir()
    clock, wakes = SystemClock(), Wakes()
    authority = open_authority(folder, clock.now_ms())
    async with open_database(f"sqlite+aiosqlite:///{folder}/state/cloud.db") as database:
        ann = await Accounts(database, FakePasswords(), clock).add("ann@example.org", "correct horse", "UTC")
        desk = HubPairing(database, authority, CloudIdentity("c", "h", 1, ()), wakes, clock)
        asked = PairRequest(await desk.make_code(ann.id), HubKey().csr(), "Attic", "1.0")
        hub = await desk.pair(asked, "192.0.2.1")
        catalogue = load(folder / "cloud.toml").catalogue
        await CameraBinding(database, catalogue, wakes, clock).add(hub.hub, ann.id, DOOR, "Door", "EC60")


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on standard error."""
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("backsight-cloud: ")
    return line.removeprefix("backsight-cloud: ")


def test_an_account_is_made_with_a_password_from_standard_input(run: Run) -> None:
    made = answer(
        run("account", "add", "Ann@example.org", "--zone", "Europe/Berlin", "--json", stdin="correct horse\n")
    )
    assert (made["email"], made["zone"]) == ("ann@example.org", "Europe/Berlin")


def test_a_password_is_no_word_of_the_command_line(run: Run) -> None:
    assert run("account", "add", "ann@example.org", "correct horse").returncode == 2


@pytest.mark.parametrize(
    ("email", "password", "says"),
    [
        ("ann", "correct horse", "'ann' is not an e-mail address"),
        ("ann@example.org", "short", "the password must have 8 to 1024 characters"),
        ("ann@example.org", "", "the password must have 8 to 1024 characters"),
    ],
)
def test_a_bad_account_is_complained_of(run: Run, email: str, password: str, says: str) -> None:
    assert complaint(run("account", "add", email, stdin=f"{password}\n")) == says


def test_an_empty_house_says_what_to_do(run: Run) -> None:
    assert "account add" in run("account", "list").stdout
    assert "code EMAIL" in run("hub", "list").stdout
    assert run("camera", "list").stdout
    assert answer(run("camera", "list", "--json")) == []


def test_a_code_comes_with_the_exact_command(furnished: Run, tmp_path: Path) -> None:
    made = answer(furnished("code", "ann@example.org", "--json"))
    ca = tmp_path / "state" / "tls" / "ca.crt"
    assert made["command"] == f"backsight-agent pair https://127.0.0.1:8471 {made['code']} --ca {ca}"


def test_a_camera_is_added_by_hand(furnished: Run) -> None:
    words = ("camera", "add", "ann@example.org", "Attic", "74-FE-CE-01-02-04", "--name", "Yard")
    assert answer(furnished(*words, "--json")) == {"camera": "74fece010204", "plan": "free"}


def test_a_code_needs_an_account(run: Run) -> None:
    assert complaint(run("code", "bob@example.org")).startswith(
        "no account has the e-mail address or the identity bob@"
    )


def test_cameras_are_listed_with_plan_and_window(furnished: Run) -> None:
    (camera,) = answer(furnished("camera", "list", "--json"))
    assert {key: camera[key] for key in ("camera", "name", "plan", "window_s", "model_known", "account")} == {
        "camera": DOOR,
        "name": "Door",
        "plan": "free",
        "window_s": 12 * 3600,
        "model_known": True,
        "account": "ann@example.org",
    }


def test_people_get_aligned_columns(furnished: Run) -> None:
    head, line = furnished("camera", "list").stdout.splitlines()
    assert head.index("plan") == line.index("free")
    assert line.index("12h") == head.index("window")


@pytest.mark.parametrize("name", [DOOR, "74:FE:CE:01:02:03", "74-fe-ce-01-02-03", "Door"])
def test_a_plan_is_set_by_mac_or_name(furnished: Run, name: str) -> None:
    changed = answer(furnished("plan", "set", name, "premium", "--json"))
    assert changed == {"camera": DOOR, "plan": "premium", "window_s": 30 * 86_400}
    assert answer(furnished("camera", "list", "--json"))[0]["plan"] == "premium"


def test_an_unknown_camera_is_complained_of(furnished: Run) -> None:
    assert complaint(furnished("plan", "set", "Gate", "plus")) == (
        "there is no camera 'Gate': see `backsight-cloud camera list`"
    )


def test_a_name_that_two_cameras_have_is_not_enough(furnished: Run) -> None:
    furnished("camera", "add", "ann@example.org", "Attic", "74fece010204", "--name", "Door")
    said = complaint(furnished("plan", "set", "Door", "plus"))
    assert "2 cameras are called 'Door'" in said
    assert DOOR in said


def test_a_mac_that_is_none_is_complained_of(furnished: Run) -> None:
    assert "is not a MAC address" in complaint(furnished("camera", "add", "ann@example.org", "Attic", "zz"))


def test_a_hub_is_unpaired_by_name_once(furnished: Run) -> None:
    assert answer(furnished("hub", "unpair", "Attic", "--json"))["unpaired"] is True
    assert answer(furnished("hub", "list", "--json"))[0]["unpaired_ms"]
    assert "there is no paired hub 'Attic'" in complaint(furnished("hub", "unpair", "Attic"))


def test_a_camera_is_unbound_after_it_was_said_what_goes(furnished: Run) -> None:
    assert "0 segments, 0.0 kB, and 0 events" in complaint(furnished("camera", "unbind", "Door"))
    assert answer(furnished("camera", "list", "--json")) != []
    assert answer(furnished("camera", "unbind", "Door", "--yes", "--json"))["unbound"] is True
    assert answer(furnished("camera", "list", "--json")) == []
    assert answer(furnished("ledger", DOOR, "--json")) == []
    words = ("camera", "add", "ann@example.org", "Attic", DOOR, "--name", "Door")
    assert answer(furnished(*words, "--json"))["camera"] == DOOR


@pytest.mark.parametrize("name", ["ann@example.org", "Door", DOOR])
def test_a_ledger_is_shown_of_an_account_or_a_camera(furnished: Run, tmp_path: Path, name: str) -> None:
    assert furnished("ledger", name).stdout == "nothing has left the history yet\n"
    asyncio.run(erase_some(tmp_path))
    head, line = furnished("ledger", name).stdout.splitlines()
    assert head.index("reason") == line.index("plan changed")
    assert [one["count"] for one in answer(furnished("ledger", name, "--json"))] == [2]


async def erase_some(folder: Path) -> None:
    async with (
        open_database(f"sqlite+aiosqlite:///{folder}/state/cloud.db") as database,
        database.begin() as tx,
    ):
        camera = await tx.cameras.camera(DOOR)
        assert camera is not None
        run = a_run(camera=DOOR)
        await tx.footage.add_run(camera.account, run, 4)
        await tx.footage.add_segments(camera.account, segments_of(run, 2))
        await tx.erasing.erase_all(camera, "plan_changed", run.run_ms)


def test_a_ledger_of_nobody_is_complained_of(furnished: Run) -> None:
    assert complaint(furnished("ledger", "Gate")).startswith("there is no camera 'Gate'")


def test_store_and_database_are_compared(furnished: Run, tmp_path: Path) -> None:
    assert furnished("objects", "verify").stdout.splitlines()[-1] == "all of it belongs together"
    stranger = tmp_path / "state" / "media" / "nobody" / DOOR / "runs" / "5.mp4"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"who")
    os.utime(stranger, (1, 1))
    assert "1 objects, 0.0 kB, that nobody knows: --settle" in furnished("objects", "verify").stdout
    found = answer(furnished("objects", "verify", "--settle", "--json"))
    assert (found["strangers"], found["settled"]) == (1, True)


@pytest.mark.parametrize("words", [["plan", "set", "Door", "gold"], ["camera"], ["fly"], []])
def test_what_cannot_be_understood_ends_with_2(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "usage: backsight-cloud" in done.stderr


def test_a_bad_configuration_is_complained_of_with_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('state = "s"\nhtpp = 3\n')
    assert complaint(run("--config", "bad.toml", "account", "list")) == (
        "bad.toml:2: htpp is not known; is http meant?"
    )


def test_a_missing_configuration_is_complained_of(run: Run) -> None:
    assert complaint(run("account", "list", "--config", "no.toml")) == (
        "no.toml: cannot be read: No such file or directory"
    )


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout.startswith("backsight-cloud 0.")
