"""A real service tells the service manager that it is ready, lives and stops, and a scraper how it is."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as read

from fakes.manager_socket import manager_socket

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

WATCHDOG_S = 1.0
START_S = 40.0
TOML = """state = "state"
[http]
listen = "127.0.0.1:0"
[https]
listen = "127.0.0.1:0"
[broker]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
"""


@contextmanager
def service(folder: Path, environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    (folder / "cloud.toml").write_text(TOML)
    command = [sys.executable, "-m", "backsight_cloud", "serve", "--json"]
    with (folder / "cloud.log").open("ab") as log:
        child = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=20)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_it_is_ready_lives_and_stops_and_can_be_scraped(tmp_path: Path) -> None:
    with (
        manager_socket(str(tmp_path / "notify")) as manager,
        service(tmp_path, manager.environment(WATCHDOG_S)) as child,
    ):
        assert child.stdout is not None
        assert manager.until("READY=1", START_S) == ["READY=1"]
        said = json.loads(child.stdout.readline())
        assert "WATCHDOG=1" in manager.during(2 * WATCHDOG_S)
        get(f"{said['http']}/v1/health")
        with pytest.raises(urllib.error.HTTPError):
            get(f"{said['http']}/metrics")  # not where the world could read it
        found = {
            sample.name: sample.value
            for family in read(get(f"{said['metrics']}/metrics"))
            for sample in family.samples
            if not sample.labels or sample.labels.get("route") == "/v1/health"
        }
        child.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1", 5)
        assert child.wait(timeout=20) == 0
    assert found["backsight_broker_connected"] == 1
    assert found["backsight_http_requests_total"] == 1
    assert found["backsight_hubs"] == 0
    assert found["backsight_database_bytes"] > 10_000
    assert found["process_open_fds"] > 10
    assert "Traceback" not in (tmp_path / "cloud.log").read_text()


def test_a_service_that_hangs_is_not_heard(tmp_path: Path) -> None:
    with (
        manager_socket(str(tmp_path / "notify")) as manager,
        service(tmp_path, manager.environment(WATCHDOG_S)) as child,
    ):
        manager.until("WATCHDOG=1", START_S)
        child.send_signal(signal.SIGSTOP)
        manager.during(WATCHDOG_S)  # what was on its way
        assert manager.during(3 * WATCHDOG_S) == []
        child.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG=1", 5)
