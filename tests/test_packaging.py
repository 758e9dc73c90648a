"""The unit files and the alarms are what systemd and Prometheus understand, and what the programs need."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backsight_shared.toml_lines import lines_of

ROOT = Path(__file__).parents[1]
SIDES = ("agent", "cloud")


def unit_of(side: str) -> str:
    return (ROOT / "packaging" / f"backsight-{side}.service").read_text()


def told(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("side", SIDES)
def test_systemd_understands_it(side: str, tmp_path: Path) -> None:
    (command,) = told(unit_of(side), "ExecStart")
    here = unit_of(side).replace(command, "/bin/true")  # it need not be installed where it is tested
    file = tmp_path / f"backsight-{side}.service"
    file.write_text(here)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("side", SIDES)
def test_it_waits_until_the_service_says_that_it_is_ready_and_watches_it(side: str) -> None:
    unit = unit_of(side)
    assert told(unit, "Type") == ["notify"]
    assert told(unit, "NotifyAccess") == ["main"]
    assert told(unit, "WatchdogSec") == ["60"]
    assert told(unit, "Restart") == ["always"]


@pytest.mark.parametrize("side", SIDES)
def test_the_service_may_write_only_its_own_folder(side: str) -> None:
    unit = unit_of(side)
    assert told(unit, "ProtectSystem") == ["strict"]
    assert told(unit, "NoNewPrivileges") == ["yes"]
    assert told(unit, "User") == [f"backsight-{side}"]
    assert told(unit, "StateDirectory") == [f"backsight-{side}"]
    assert f'state = "/var/lib/backsight-{side}"' in (ROOT / f"{side}.example.toml").read_text()


def test_the_agent_may_ask_whether_the_clock_is_synchronised() -> None:
    unit = unit_of("agent")
    assert "adjtimex clock_adjtime" in told(unit, "SystemCallFilter")
    assert told(unit, "ProtectClock") == []


@pytest.mark.parametrize("side", SIDES)
def test_the_command_is_understood(side: str) -> None:
    (command,) = told(unit_of(side), "ExecStart")
    words = command.replace(f"/etc/backsight/{side}.toml", "/nonexistent").split()[1:]
    program = [sys.executable, "-m", f"backsight_{side}"]
    done = subprocess.run([*program, *words], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "/nonexistent: cannot be read" in done.stderr


@pytest.mark.parametrize("side", SIDES)
def test_the_example_settings_are_toml(side: str) -> None:
    assert lines_of((ROOT / f"{side}.example.toml").read_text())


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (of Prometheus) is not installed here")
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")])
def test_prometheus_understands_the_alarms(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *words], cwd=ROOT / "packaging", capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stdout + done.stderr
