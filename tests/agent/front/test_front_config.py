"""agent.toml is read strictly: every mistake is told with the file, the line, the key and the way out."""

import re
from pathlib import Path

import pytest

from backsight_agent.config import Settings, load
from backsight_agent.config_values import Size, Trust, Upload
from backsight_agent.domain.family import Family
from backsight_agent.domain.login import Login
from backsight_agent.domain.pre_roll import Keeping
from backsight_agent.domain.profiles import StreamKind, StreamName
from backsight_shared.settings import BadSettings, Duration, Listen

ROOT = Path(__file__).parents[3]

GOOD = """\
state = "state"
name = "Hallway"

[history]
window = "12h"

[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "192.168.1.20"
username = "you@example.com"
password_file = "kasa.password"

[[camera]]
name = "Garden"
mac = "40-ae-30-0a-0b-0c"
family = "tapo"
host = "garden.lan"
model = "C210(EU)"
stream_username = "camera"
stream_password_file = "stream.password"
rtsp_port = 8554
"""


def settings(text: str, folder: Path) -> Settings:
    file = folder / "agent.toml"
    file.write_text(text)
    return load(file)


def refusal(text: str, folder: Path) -> str:
    with pytest.raises(BadSettings) as refused:
        settings(text, folder)
    return str(refused.value)


def test_a_tapo_camera_without_a_camera_account_is_recorded_as_its_app_does_it(secrets: Path) -> None:
    text = GOOD.replace(
        'stream_username = "camera"\nstream_password_file = "stream.password"\nrtsp_port = 8554\n', ""
    )
    camera = settings(text + 'password_file = "tapo.password"\n', secrets).cameras[1]
    assert (camera.source.kind, camera.ports.stream) == (StreamKind.VHTTPD, 8800)
    assert camera.stream == camera.control == Login("admin", "kasa password 1")


def test_a_camera_with_a_battery_needs_no_camera_account(secrets: Path) -> None:
    text = GOOD.replace(
        'stream_username = "camera"\nstream_password_file = "stream.password"\nrtsp_port = 8554\n', ""
    )
    text = text.replace("C210(EU)", "TD21")
    assert "needs password_file" in refusal(text, secrets)
    camera = settings(text + 'password_file = "tapo.password"\n', secrets).cameras[1]
    assert camera.source.kind is StreamKind.VHTTPD


def test_what_hangs_on_a_hub_is_recorded_with_the_account_whatever_else_is_written(secrets: Path) -> None:
    text = GOOD.replace("C210(EU)", "D230").replace("rtsp_port = 8554", 'password_file = "tapo.password"')
    camera = settings(text, secrets).cameras[1]
    assert camera.is_child
    assert (camera.source.kind, camera.ports.stream) == (StreamKind.VHTTPD, 8800)
    assert camera.stream == camera.control == Login("admin", "kasa password 1")


def test_what_is_written_is_what_holds(secrets: Path) -> None:
    read = settings(GOOD, secrets)
    assert (read.name, read.window, read.trust) == ("Hallway", Duration.from_text("12h"), Trust.NTP)
    assert (read.listen, read.lan, read.token) == (Listen("127.0.0.1", 8480), False, None)
    assert read.state == secrets / "state"
    assert [camera.camera for camera in read.cameras] == ["74fece010203", "40ae300a0b0c"]


def test_disks_are_as_written(secrets: Path) -> None:
    text = GOOD.replace("[history]", '[storage]\nown_disk = true\nreserve = "20 GB"\n[history]').replace(
        'host = "garden.lan"', 'host = "garden.lan"\nfolder = "usb"'
    )
    read = settings(text, secrets)
    assert (read.storage.own_disk, read.storage.reserve) == (True, Size(20 * 10**9))
    assert read.elsewhere == {"40ae300a0b0c": secrets / "usb"}
    usual = settings(GOOD, secrets)
    assert (usual.storage.own_disk, usual.storage.reserve, usual.elsewhere) == (False, None, {})


def test_a_kasa_camera_signs_in_everywhere_with_its_account(secrets: Path) -> None:
    kasa, _ = settings(GOOD, secrets).cameras
    assert kasa.stream == kasa.control
    assert (kasa.stream.username, kasa.stream.password) == ("you@example.com", "kasa password 1")
    assert (kasa.ports.control, kasa.ports.stream) == (10443, 19443)


def test_a_tapo_camera_streams_with_its_camera_account(secrets: Path) -> None:
    _, tapo = settings(GOOD, secrets).cameras
    assert tapo.family is Family.TAPO
    assert tapo.profile.known
    assert tapo.control is None
    assert (tapo.stream.username, tapo.stream.password) == ("camera", "camera password 2")
    assert (tapo.ports.control, tapo.ports.stream) == (443, 8554)


def test_a_tapo_camera_is_controlled_as_admin(secrets: Path) -> None:
    text = GOOD.replace("rtsp_port = 8554", 'password_file = "tapo.password"')
    control = settings(text, secrets).cameras[1].control
    assert control is not None
    assert control.username == "admin"


def test_passwords_do_not_show(secrets: Path) -> None:
    (secrets / "api.token").write_text("the secret token")
    (secrets / "api.token").chmod(0o600)
    text = GOOD + '[local_api]\nlisten = "0.0.0.0:0"\nlan = true\ntoken_file = "api.token"\n'
    read = settings(text, secrets)
    assert read.token == "the secret token"
    assert "password 1" not in repr(read)
    assert "secret token" not in repr(read)


def test_a_camera_is_recorded_always_and_whole_unless_told_otherwise(secrets: Path) -> None:
    camera, _ = settings(GOOD, secrets).cameras
    assert (camera.keeping, camera.upload, camera.source.name) == (
        Keeping(),
        Upload.ALL,
        StreamName.MAIN,
    )
    assert (camera.motion.enabled, camera.motion.sensitivity, camera.motion.zones) == (True, 5, ())


def test_what_is_kept_and_where_the_hub_looks_is_each_camera_s_own(secrets: Path) -> None:
    own = """record = "events"
pre_roll = "8s"
post_roll = "1m"
upload = "events"
quality = "sub"
[camera.motion]
sensitivity = 8
zones = ["0,0 0.5,0 0.5,1 0,1"]
"""
    _, camera = settings(GOOD + own, secrets).cameras
    assert camera.keeping == Keeping(events_only=True, pre_ms=8_000, post_ms=60_000)
    assert (camera.upload, camera.source.path) == (Upload.EVENTS, "/stream2")
    assert camera.motion.zones == (((0, 0), (0.5, 0), (0.5, 1), (0, 1)),)


MISTAKES = {
    "an unknown key": ("window =", "widow =", 5, "history.widow is not known; is window meant"),
    "an unknown table": ("[history]", "[histories]", 4, "histories is not known; is history meant"),
    "a wrong type": ('name = "Hallway"', "name = 7", 2, "name must be text"),
    "no length of time": ('"12h"', '"12 parsecs"', 5, "history.window must be a length of time like"),
    "no MAC": ("74:FE:CE:01:02:03", "74:FE", 9, "camera[0].mac must be a MAC address like 74:FE"),
    "no family": ('"kasa"', '"nest"', 10, 'camera[0].family must be "kasa" or "tapo"'),
    "no host": ('"192.168.1.20"', '"http://x/"', 11, "camera[0].host must be an address or a host name"),
    "no name": ('"Garden"', '" "', 16, "camera[1].name must be 1 to 64 printable"),
    "a missing key": ('mac = "40-ae-30-0a-0b-0c"\n', "", 15, "camera[1].mac is missing"),
    "no login": ('username = "you@example.com"\n', "", 7, "camera[0] needs username: the e-mail"),
    "no camera account": ('stream_username = "camera"\n', "", 15, "camera[1] needs stream_username"),
    "the other family's key": (
        'model = "C210(EU)"',
        "linkie_port = 1",
        15,
        "has linkie_port, which a tapo camera does not have",
    ),
    "no port": ("8554", "85540", 15, "camera[1] has rtsp_port = 85540: a port is 1 to 65535"),
    "no such file": ('"kasa.password"', '"none"', 13, "camera[0].password_file cannot be read: "),
    "the same MAC": ("40-ae-30-0a-0b-0c", "74fece010203", 17, "camera[1].mac is the same as"),
    "the same name": (
        '"Garden"',
        '"front DOOR"',
        16,
        "camera[1].name is the same as that of the camera in line 8",
    ),
    "no amount of storage": (
        "[history]",
        '[storage]\nreserve = "much"\n[history]',
        5,
        "storage.reserve must be an amount of storage like",
    ),
    "no time to trust": ("[history]", '[clock]\ntrust = "me"\n[history]', 5, 'clock.trust must be "ntp"'),
    "no address": (
        "[history]",
        '[local_api]\nlisten = "x"\n[history]',
        5,
        "local_api.listen must be an address and a port",
    ),
    "no way to record": (
        'host = "garden.lan"',
        'host = "x"\nrecord = "maybe"',
        20,
        'must be "continuous" or "events"',
    ),
    "no upload policy": (
        'host = "garden.lan"',
        'host = "x"\nupload = "some"',
        20,
        '"all" or "events" or "off"',
    ),
    "no such stream": ('host = "garden.lan"', 'host = "x"\nquality = "4k"', 20, '"main" or "sub"'),
    "a small stream of a camera that has none": (
        'host = "192.168.1.20"',
        'host = "192.168.1.20"\nquality = "sub"',
        7,
        "has one stream: remove it",
    ),
    "a camera that gives nobody its picture": (
        'host = "192.168.1.20"',
        'host = "192.168.1.20"\nmodel = "KC300"',
        7,
        "is a KC300, which cannot be recorded: This camera talks to its hub only",
    ),
    "a camera that is none": (
        'model = "C210(EU)"',
        'model = "H200"',
        15,
        "is a H200, which cannot be recorded: it is no camera",
    ),
    "a camera that hangs on a hub": (
        'model = "C210(EU)"',
        'model = "D230"',
        15,
        "camera[1] needs password_file: a file with the password of the Tapo account",
    ),
    "too short a pre-roll": (
        'host = "garden.lan"',
        'host = "x"\npre_roll = "4s"',
        15,
        "pre_roll must be 5s to",
    ),
    "too long a post-roll": (
        'host = "garden.lan"',
        'host = "x"\npost_roll = "6m"',
        15,
        "post_roll must be 1s",
    ),
    "no sensitivity": (
        "rtsp_port = 8554",
        "[camera.motion]\nsensitivity = 11",
        23,
        "has sensitivity = 11: it is 1 (only much) to 10",
    ),
    "no polygon": (
        "rtsp_port = 8554",
        '[camera.motion]\nzones = ["0,0 1,1"]',
        24,
        "zones[0] must be 3 to 32 corners",
    ),
    "a zone outside the picture": (
        "rtsp_port = 8554",
        '[camera.motion]\nzones = ["0,0 1,0 1,1.2"]',
        24,
        "each number 0 to 1",
    ),
    "LAN by accident": (
        "[history]",
        '[local_api]\nlisten = "0.0.0.0:1"\n[history]',
        4,
        "local_api listens beyond this machine",
    ),
    "LAN without a token": (
        "[history]",
        "[local_api]\nlan = true\n[history]",
        4,
        "local_api needs a token_file",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_and_key(mistake: str, secrets: Path) -> None:
    right, wrong, line, told = MISTAKES[mistake]
    assert right in GOOD
    text = refusal(GOOD.replace(right, wrong, 1), secrets)
    assert text.startswith(f"{secrets}/agent.toml:{line}: ")
    assert told in text


def test_all_mistakes_are_told_at_once(secrets: Path) -> None:
    text = refusal(GOOD.replace("Garden", "").replace("12h", "-3"), secrets)
    assert len(text.splitlines()) == 2


def test_a_missing_state_is_named(secrets: Path) -> None:
    assert "agent.toml: state is missing" in refusal(GOOD.replace('state = "state"', ""), secrets)


def test_no_cameras_at_all_is_a_mistake_with_a_way_out(secrets: Path) -> None:
    assert "`backsight-agent discover` finds yours" in refusal('state = "state"', secrets)


def test_what_is_not_toml_is_said_with_its_place(secrets: Path) -> None:
    assert "this is not TOML" in refusal(GOOD.replace("[history]", "[history"), secrets)
    assert "line 4" in refusal(GOOD.replace("[history]", "[history"), secrets)


def test_a_password_file_that_others_can_read_is_refused(secrets: Path) -> None:
    (secrets / "kasa.password").chmod(0o644)
    told = refusal(GOOD, secrets)
    assert f"chmod 600 {secrets}/kasa.password" in told
    assert ":13: camera[0].password_file" in told
    assert "password 1" not in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"one\ntwo\n", "must be one line"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 5000, "one line"),
    ],
)
def test_a_password_file_with_anything_but_one_line_is_refused(
    content: bytes, told: str, secrets: Path
) -> None:
    (secrets / "kasa.password").write_bytes(content)
    assert told in refusal(GOOD, secrets)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=re.escape(f"{tmp_path}/none.toml: cannot be read: No such file")):
        load(tmp_path / "none.toml")


def test_without_a_file_the_way_to_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSettings, match="--config FILE"):
        load(None)


def test_the_example_is_right(secrets: Path) -> None:
    (secrets / "stream.password").rename(secrets / "garden-stream.password")
    read = settings((ROOT / "agent.example.toml").read_text(), secrets)
    assert [camera.name for camera in read.cameras] == ["Front door", "Garden"]


def test_every_key_is_in_the_example(secrets: Path) -> None:
    text = re.sub(r"^# (?=\w+ = )", "", (ROOT / "agent.example.toml").read_text(), flags=re.MULTILINE)
    (secrets / "stream.password").rename(secrets / "garden-stream.password")
    (secrets / "api.token").write_text("token")
    (secrets / "api.token").chmod(0o600)
    read = settings(text.replace("/etc/backsight/api.token", "api.token"), secrets)
    assert read.token == "token"
