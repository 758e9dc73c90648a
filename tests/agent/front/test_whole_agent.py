"""The whole agent, alone, records two cameras, keeps exactly its window, and loses nothing when it is killed.

One run of some seventy seconds, as a child process against simulated cameras in another; each test is a
fact about what was seen in it.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stage.files import segment_files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[3]
WINDOW_S = 20
SEGMENT_MS = 10_000

KASA = """
[[camera]]
name = "Front door"
mac = "{mac}"
family = "kasa"
host = "{address}"
username = "owner@example.com"
password_file = "kasa.password"
"""
TAPO = """
[[camera]]
name = "Garden"
mac = "{mac}"
family = "tapo"
host = "{address}"
password_file = "kasa.password"
stream_username = "camera"
stream_password_file = "stream.password"
https_port = 8443
rtsp_port = 8554
"""
HEAD = """
state = "state"
name = "Hub in the hallway"
history = {{ window = "{window}s" }}
clock = {{ trust = "system" }}
local_api = {{ listen = "127.0.0.1:0" }}
"""

Json = dict[str, Any]


@dataclass
class Seen:
    """What was seen in the run, in its order."""

    status: Json = field(default_factory=dict)
    cameras: Json = field(default_factory=dict)
    before_kill: dict[str, list[Json]] = field(default_factory=dict)
    after_kill: dict[str, Json] = field(default_factory=dict)
    resumed: dict[str, Json] = field(default_factory=dict)  # as soon as a segment stands on either side
    pruned: dict[str, Json] = field(default_factory=dict)
    pruned_at_ms: int = 0
    files: list[Path] = field(default_factory=list)
    masked: Json = field(default_factory=dict)
    stopped_in_s: float = 0.0
    exit_code: int | None = None
    after_stop: dict[str, Json] = field(default_factory=dict)
    parts_left: list[Path] = field(default_factory=list)
    says_running: bool = True
    log: str = ""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("whole")
    with cameras() as street:
        return live_through(Home(folder, street["control"], street["cameras"]))


class Home:
    """A folder with settings, and the agent in it."""

    def __init__(self, folder: Path, control: str, cameras: list[Json]) -> None:
        self.folder = folder
        self.control = control
        self.macs = [camera["mac"] for camera in cameras]
        for name, text in (("kasa", "kasa password 1"), ("stream", "camera password 2")):
            file = folder / f"{name}.password"
            file.write_text(text)
            file.chmod(0o600)
        written = [shape.format(**camera) for shape, camera in zip((KASA, TAPO), cameras, strict=True)]
        (folder / "agent.toml").write_text(HEAD.format(window=WINDOW_S) + "".join(written))
        self.log = folder / "agent.log"

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "backsight_agent",
            "--config",
            str(self.folder / "agent.toml"),
            *arguments,
        ]

    def start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(self.command("run"), stderr=log)

    def ask(self, *arguments: str) -> Json:
        done = subprocess.run(
            self.command(*arguments, "--json"), capture_output=True, text=True, check=True, timeout=20
        )
        answer: Json = json.loads(done.stdout)
        return answer

    def histories(self) -> dict[str, Json]:
        return {name: self.ask("history", name) for name in ("Front door", "Garden")}

    def mask(self) -> None:
        body = json.dumps({"fault": "off"}).encode()
        address = f"{self.control}/cameras/{self.macs[1]}/fault"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()


@contextmanager
def cameras() -> Iterator[Json]:
    command = [sys.executable, "-m", "simcam", "--json", "--size", "320x180", "--names", "Front door,Garden"]
    ports = ["--rtsp-port", "8554", "--https-port", "8443"]
    child = subprocess.Popen([*command, *ports], cwd=ROOT / "scripts", stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=10)


def live_through(home: Home) -> Seen:
    seen, agent = Seen(), home.start()
    try:
        histories = until(home.histories, lambda found: all(one["segments"] for one in found.values()), 30)
        seen.before_kill = {name: found["segments"] for name, found in histories.items()}
        seen.status, seen.cameras = home.ask("status"), home.ask("cameras")
        agent.kill()
        agent.wait(timeout=5)
        agent = home.start()
        until(lambda: home.ask("status"), all_record, 15)
        seen.after_kill = home.histories()
        seen.resumed = until(home.histories, lambda found: all(one["gaps"] for one in found.values()), 30)
        first = {name: segments[0]["start_ms"] for name, segments in seen.before_kill.items()}
        seen.pruned = until(home.histories, lambda found: none_begins_at(found, first), 40)
        seen.pruned_at_ms = time.time_ns() // 1_000_000
        seen.files = segment_files(home.folder / "state" / "media")
        home.mask()
        seen.masked = until(lambda: home.ask("status"), second_is_off, 60)
        began = time.monotonic()
        agent.send_signal(signal.SIGTERM)
        seen.exit_code = agent.wait(timeout=25)
        seen.stopped_in_s = time.monotonic() - began
    finally:
        agent.kill()
        agent.wait(timeout=5)
    seen.after_stop = home.histories()
    seen.parts_left = list((home.folder / "state").rglob("*.part"))
    seen.says_running = (home.folder / "state" / "running.json").exists()
    seen.log = home.log.read_text()
    return seen


def until(look: Callable[[], Any], enough: Callable[[Any], bool], seconds: float) -> Any:
    """Look until it is enough; each look is a child process, so this polls gently by itself."""
    end = time.monotonic() + seconds
    while not enough(found := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {found}"
        time.sleep(0.1)
    return found


def all_record(status: Json) -> bool:
    return bool(status["running"]) and all(one["state"] == "recording" for one in status["cameras"])


def none_begins_at(histories: dict[str, Json], starts: dict[str, int]) -> bool:
    return all(
        starts[name] not in [segment["start_ms"] for segment in found["segments"]]
        for name, found in histories.items()
    )


def second_is_off(status: Json) -> bool:
    return bool(status["running"]) and status["cameras"][1]["state"] == "off"


def test_both_families_are_recorded(seen: Seen) -> None:
    assert [camera["state"] for camera in seen.status["cameras"]] == ["recording", "recording"]
    assert [camera["model"] for camera in seen.status["cameras"]] == ["EC60", "C210"]
    assert [camera["name"] for camera in seen.cameras["cameras"]] == ["Front door", "Garden"]


def test_segments_are_about_ten_seconds_and_follow_each_other(seen: Seen) -> None:
    for segments in seen.before_kill.values():
        first, *rest = [one["end_ms"] - one["start_ms"] for one in segments]
        assert SEGMENT_MS / 2 <= first <= SEGMENT_MS + 2100  # each camera's own: they do not sync together
        assert all(SEGMENT_MS <= length <= SEGMENT_MS + 2100 for length in rest)


def test_a_hub_without_a_cloud_is_well(seen: Seen) -> None:
    assert seen.status["problems"] == []
    assert seen.status["clock"]["trusted"]
    assert not seen.status["cloud"]["paired"]
    assert [camera["window_s"] for camera in seen.status["cameras"]] == [WINDOW_S, WINDOW_S]


def test_kill_9_loses_no_finished_segment(seen: Seen) -> None:
    for name, before in seen.before_kill.items():
        after = seen.after_kill[name]["segments"]
        assert [one for one in before if one not in after] == []


def test_kill_9_keeps_what_had_reached_the_disk_of_the_unfinished_one(seen: Seen) -> None:
    for name, before in seen.before_kill.items():
        assert len(seen.after_kill[name]["segments"]) >= len(before)


def test_the_gap_says_that_the_hub_was_not_running(seen: Seen) -> None:
    for found in seen.resumed.values():
        assert [gap["reason"] for gap in found["gaps"]] == ["hub_not_running"]


def test_what_is_past_the_window_is_gone_and_nothing_else(seen: Seen) -> None:
    for name, found in seen.pruned.items():
        first_end = seen.before_kill[name][0]["end_ms"]
        assert found["horizon_ms"] >= first_end
        assert all(segment["end_ms"] > found["horizon_ms"] for segment in found["segments"])
        assert found["segments"][0]["start_ms"] == first_end or found["segments"][0]["sequence"] <= 2


def test_the_files_past_the_window_are_gone(seen: Seen) -> None:
    oldest = min(int(file.stem) for file in seen.files)
    assert seen.pruned_at_ms - oldest <= WINDOW_S * 1000 + SEGMENT_MS + 2100 + 1000


def test_a_masked_lens_is_off_and_touches_no_other_camera(seen: Seen) -> None:
    front_door, garden = seen.masked["cameras"]
    assert garden["off"]
    assert "privacy" in garden["text"]
    assert front_door["state"] == "recording"
    assert front_door["since_ms"] < garden["since_ms"]


def test_sigterm_ends_it_cleanly_and_soon(seen: Seen) -> None:
    assert seen.exit_code == 0
    assert seen.stopped_in_s < 10
    assert seen.parts_left == []
    assert not seen.says_running


def test_the_history_can_be_read_when_no_agent_runs(seen: Seen) -> None:
    assert seen.after_stop["Front door"]["segments"]


def test_the_log_has_no_traceback_and_no_password(seen: Seen) -> None:
    assert "Traceback" not in seen.log
    assert "password 1" not in seen.log
    assert "password 2" not in seen.log
    assert "Garden: off: " in seen.log
