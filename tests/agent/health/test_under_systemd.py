"""A real agent tells the service manager that it is ready, lives and stops; one that hangs tells nothing."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.manager_socket import ManagerSocket, manager_socket

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

WATCHDOG_S = 1.0
START_S = 20.0
SETTINGS = """\
state = "state"
clock = { trust = "system" }
local_api = { listen = "127.0.0.1:0" }
history = { window = "30m" }
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
model = "EC60"
username = "you@example.com"
password_file = "kasa.password"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "kasa.password").write_text("kasa password 1\n")
    (tmp_path / "kasa.password").chmod(0o600)
    (tmp_path / "agent.toml").write_text(SETTINGS)
    return tmp_path / "agent.toml"


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ManagerSocket]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@backsight-{secrets.token_hex(8)}"
    with manager_socket(address) as opened:
        yield opened


@contextmanager
def agent(config: Path, environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "backsight_agent", "--config", str(config), "run"]
    with (config.parent / "agent.log").open("ab") as log:
        child = subprocess.Popen(command, stderr=log, env=environment)
    try:
        yield child
    finally:
        child.kill()
        child.wait(timeout=5)


def test_it_is_ready_lives_and_stops(config: Path, manager: ManagerSocket) -> None:
    with agent(config, manager.environment(WATCHDOG_S)) as child:
        heard = manager.until("READY=1", START_S)
        assert heard == ["READY=1"]
        assert (config.parent / "state" / "agent.db").exists()
        assert "STATUS=0 of 1 cameras recorded" in manager.until("STATUS=", 5)
        assert 4 <= manager.during(3 * WATCHDOG_S).count("WATCHDOG=1") <= 8
        child.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1", 5)
        assert child.wait(timeout=20) == 0


def test_a_process_that_hangs_is_not_heard(config: Path, manager: ManagerSocket) -> None:
    with agent(config, manager.environment(WATCHDOG_S)) as child:
        manager.until("WATCHDOG=1", START_S)
        child.send_signal(signal.SIGSTOP)
        manager.during(WATCHDOG_S)  # what was on its way
        assert manager.during(3 * WATCHDOG_S) == []
        child.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG=1", 5)


def test_without_a_service_manager_it_runs_all_the_same(config: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NOTIFY")}
    with agent(config, environment) as child:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=5)
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=20) == 0
    assert "service manager" not in (config.parent / "agent.log").read_text()
