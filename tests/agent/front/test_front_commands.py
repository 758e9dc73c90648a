"""The command line says in one line what is wrong and how to mend it: no traceback, no secrets."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backsight_agent.adapters.keystore import Keystore
from backsight_shared.wire import Pairing

AGENT = [sys.executable, "-m", "backsight_agent"]

SETTINGS = """\
state = "state"
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "127.9.9.9"
username = "you@example.com"
password_file = "kasa.password"
[local_api]
listen = "127.0.0.1:0"
"""


@pytest.fixture
def config(secrets: Path) -> Path:
    file = secrets / "agent.toml"
    file.write_text(SETTINGS)
    return file


def said(*arguments: object, given: str = "") -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a real child process."""
    done = subprocess.run(
        [*AGENT, *map(str, arguments)], input=given, capture_output=True, text=True, timeout=25, check=False
    )
    assert "Traceback" not in done.stderr
    assert "password 1" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_what_is_not_understood_is_2() -> None:
    assert said("dance")[0] == 2
    assert said("history")[0] == 2
    assert said("discover", "--timeout", "nan")[0] == 2


def test_the_version_is_told() -> None:
    assert said("--version") == (0, "backsight-agent 0.1.0\n", "")


def test_right_settings_are_told_to_be_right(config: Path) -> None:
    code, out, err = said("check-config", "--config", config)
    assert (code, err) == (0, "")
    assert "Front door  kasa" in out
    assert "deletes nothing" in out


def test_wrong_settings_are_told_one_line_each(config: Path) -> None:
    config.write_text(SETTINGS.replace('"kasa"', '"nest"').replace("state =", "stat ="))
    code, out, err = said("--config", config, "run")
    assert (code, out) == (1, "")
    assert [line.startswith("backsight-agent: ") for line in err.splitlines()] == [True] * 3
    assert f"{config}:5: camera[0].family must be" in err
    assert f"{config}:1: stat is not known; is state meant?" in err


def test_missing_settings_are_told(tmp_path: Path) -> None:
    code, _, err = said("--config", tmp_path / "none.toml", "status")
    assert code == 1
    assert err == f"backsight-agent: {tmp_path}/none.toml: cannot be read: No such file or directory\n"


def test_before_the_first_run_there_is_no_history_yet(config: Path) -> None:
    code, out, _ = said("--config", config, "status")
    assert code == 0
    assert "the agent is not running" in out
    assert "none yet" in out


def test_for_programs_there_is_one_line_of_json(config: Path) -> None:
    _, out, _ = said("--config", config, "status", "--json")
    status = json.loads(out)
    assert status["running"] is False
    assert status["cameras"][0]["camera"] == "74fece010203"
    _, out, _ = said("--config", config, "cameras", "--json")
    assert json.loads(out)["cameras"][0]["from_ms"] is None


def test_an_unknown_camera_is_answered_with_those_that_exist(config: Path) -> None:
    code, _, err = said("--config", config, "history", "Gartn")
    assert (code, err) == (
        1,
        "backsight-agent: there is no camera 'Gartn'; there are: Front door (74fece010203)\n",
    )


def test_history_before_the_first_run_says_so(config: Path) -> None:
    code, out, _ = said("--config", config, "history", "front door")
    assert code == 0
    assert "Nothing was recorded" in out


@pytest.mark.parametrize("when", ["yesterday", "-5", "2026-13-01", "9" * 20])
def test_what_is_no_moment_is_told_with_what_would_be(when: str, config: Path) -> None:
    code, _, err = said("--config", config, "history", "Front door", f"--from={when}")
    assert code == 1
    assert 'is no moment: write "2026-11-24T12:00", "2h" (ago)' in err


def test_a_span_that_ends_before_it_begins_is_refused(config: Path) -> None:
    code, _, err = said("--config", config, "history", "Front door", "--from", "1h", "--to", "2h")
    assert code == 1
    assert "must be later than --from" in err


def test_a_name_that_cannot_be_resolved_is_told() -> None:
    code, _, err = said("discover", "--target", "no.such.host.invalid", "--timeout", "1")
    assert code == 1
    assert "no.such.host.invalid is neither" in err


@pytest.mark.slow
def test_where_no_camera_answers_the_way_out_is_told() -> None:
    code, out, _ = said("discover", "--target", "127.9.9.9", "--timeout", "1")
    assert code == 0
    assert "--target ADDRESS" in out


@pytest.mark.parametrize("code", ["ABCD-EFGH", "-"])
def test_pairing_with_nobody_is_told(code: str, config: Path) -> None:
    exit_code, _, err = said("--config", config, "pair", "http://127.9.9.9:9", code, given="ABCD-EFGH\n")
    assert exit_code == 1
    assert "127.9.9.9" in err
    assert "ABCD-EFGH" not in err


def test_a_store_that_cannot_be_opened_is_told_with_the_way_out(config: Path) -> None:
    state = config.parent / "state"
    state.mkdir()
    (state / "agent.db").write_text("this is no database at all, and long enough to be looked at" * 20)
    code, _, err = said("--config", config, "run")
    assert code == 1
    assert str(state) in err.splitlines()[-1]


@pytest.mark.slow
def test_a_second_agent_on_the_same_history_is_refused(config: Path) -> None:
    first = subprocess.Popen([*AGENT, "--config", str(config), "run"], stderr=subprocess.PIPE, text=True)
    try:
        assert first.stderr is not None
        assert "begins with Front door" in first.stderr.readline()
        code, _, err = said("--config", config, "run")
        assert code == 1
        assert "Another agent is running" in err
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=15) == 0


def test_a_reader_that_goes_away_is_no_error_to_tell(config: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*AGENT, "--config", str(config), "status"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.fixture
def paired(config: Path) -> Path:
    """A hub's state folder with a pairing in it."""
    state = config.parent / "state"
    state.mkdir(exist_ok=True)
    keystore = Keystore(state)
    keystore.make_key()
    pairing = Pairing("cloud-1", "hub-1", "certificate", "ca", "127.0.0.1", 8883, ())
    keystore.save_pairing("https://cloud.example", pairing, None)
    return state


def test_leaving_a_cloud_says_first_what_that_does_to_the_history(config: Path, paired: Path) -> None:
    code, out, err = said("unpair", "--config", config)
    assert (code, out) == (1, "")
    assert "nothing is deleted here" in err
    assert (paired / "pairing.json").exists()


def test_leaving_names_the_window_that_then_holds(config: Path, paired: Path) -> None:
    config.write_text(SETTINGS + '[history]\nwindow = "12h"\n')
    assert "keeps 12 hours" in said("unpair", "--config", config)[2]


def test_a_hub_that_left_its_cloud_keeps_no_key_of_it(config: Path, paired: Path) -> None:
    assert said("unpair", "--yes", "--config", config)[0] == 0
    assert sorted(file.name for file in paired.iterdir()) == []


def test_a_hub_without_a_cloud_has_none_to_leave(config: Path) -> None:
    assert said("unpair", "--config", config) == (0, "This hub is not paired with a cloud.\n", "")
