"""Camera models differ by data: one file each, strictly read, every fact with its source."""

import tomllib
from pathlib import Path

import pytest

from backsight_agent.__main__ import main
from backsight_agent.domain.family import Family
from backsight_agent.domain.profile_files import load_profile, load_profiles, profile_of, profiles_folder
from backsight_agent.domain.profiles import (
    Kind,
    Limit,
    Part,
    Power,
    StreamKind,
    StreamName,
    Transport,
    plain_model,
)
from backsight_shared.settings import BadSettings, Duration

ROOT = Path(__file__).parents[3]
# fmt: off
KASA = [
    "KC100", "KC105", "KC110", "KC115", "KC120", "KC200", "KC300", "KC310", "KC400",
    "KC401", "KC410S", "KC411S", "KC420WS", "KD110", "EC60", "EC70", "EC71",
]
TAPO = [
    "C100", "C101", "C110", "C200", "C210", "C220", "C225", "C325WB", "C460",
    "C520WS", "C720", "TC40", "TC65", "TC70", "D130", "TD21", "D230",
]
# fmt: on


def test_every_model_of_both_families_has_a_file() -> None:
    profiles = load_profiles(profiles_folder())
    wanted = {*((Family.KASA, model) for model in KASA), *((Family.TAPO, model) for model in TAPO)}
    assert wanted <= profiles.keys()


@pytest.mark.parametrize("model", [*KASA, *TAPO])
def test_a_model_can_be_recorded_or_says_why_not(model: str) -> None:
    profile = profile_of(Family.KASA if model in KASA else Family.TAPO, model)
    limited = any(limit.what is Part.STREAM for limit in profile.limit)
    assert profile.recordable(StreamName.MAIN) is not None or limited


@pytest.mark.parametrize("model", [*KASA, *TAPO])
def test_the_cloud_keeps_for_free_what_the_profile_says(model: str) -> None:
    """The cloud decides, by its own catalogue: the two must not drift apart."""
    catalogue = tomllib.loads((ROOT / "cloud/backsight_cloud/domain/catalogue.toml").read_text())
    profile = profile_of(Family.KASA if model in KASA else Family.TAPO, model)
    assert Duration.from_text(catalogue["plans"]["free"]["windows"][model]) == profile.camera.free_window


def test_a_known_model_is_found_with_or_without_its_region() -> None:
    assert profile_of(Family.KASA, "EC60(US)").camera.free_window.ms == 12 * 3_600_000
    assert profile_of(Family.KASA, "ec60").known


def test_an_unknown_model_has_its_familys_defaults_and_is_marked() -> None:
    profile = profile_of(Family.TAPO, "C9999")
    assert not profile.known
    assert [stream.port for stream in profile.stream] == [554, 554]


def test_an_unknown_model_has_the_longest_free_window() -> None:
    profiles = load_profiles(profiles_folder()).values()
    longest = max(profile.camera.free_window for profile in profiles)
    assert {profile_of(family, "").camera.free_window for family in Family} == {longest}


@pytest.mark.parametrize(
    ("said", "plain"),
    [("EC60(US)", "EC60"), ("C210", "C210"), ("c210 2.0", "C210"), ("", ""), ("KC410S(US)", "KC410S")],
)
def test_a_model_is_named_without_region_and_version(said: str, plain: str) -> None:
    assert plain_model(said) == plain


# ---- what is true of some models


def test_a_battery_camera_gives_its_picture_to_port_8800_only() -> None:
    for model in ("C460", "TD21", "D230"):
        profile = profile_of(Family.TAPO, model)
        assert profile.camera.power is Power.BATTERY
        assert {stream.kind for stream in profile.stream} == {StreamKind.VHTTPD}
        assert profile.recordable(StreamName.MAIN) is not None
        assert any("keeps it awake" in limit.why for limit in profile.limit if limit.what is Part.STREAM)


def test_a_hub_s_child_names_its_hub() -> None:
    doorbell = profile_of(Family.TAPO, "D230")
    assert (doorbell.control.transport, doorbell.camera.behind) == (Transport.CHILD, "H200")
    assert doorbell.camera.kind is Kind.DOORBELL


def test_every_mains_tapo_camera_has_a_small_stream() -> None:
    for model in TAPO:
        profile = profile_of(Family.TAPO, model)
        assert (profile.recordable(StreamName.SUB) is not None) == (profile.camera.power is Power.MAINS)


# ---- what does not work, by firmware


@pytest.mark.parametrize(
    ("firmware", "holds"),
    [
        ("2.3.26", False),
        ("2.3.27", True),
        ("2.4.0", True),
        ("2.3.3", False),
        ("2.3.27 Build 1", True),
        ("", True),
    ],
)
def test_the_firmware_that_closes_control_is_known(firmware: str, holds: bool) -> None:
    limits = profile_of(Family.KASA, "EC70").limits_of(firmware)
    assert (Part.CONTROL in [limit.what for limit in limits]) is holds


def test_a_limit_ends_before_a_firmware() -> None:
    limit = Limit(Part.AUDIO, "it hums", "assumed: a test", since="1.2", before="1.10")
    assert [limit.holds_for(one) for one in ("1.1.9", "1.2", "1.9.9", "1.10")] == [False, True, True, False]


def test_a_firmware_that_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version like"):
        Limit(Part.AUDIO, "it hums", "assumed: a test", since="new")


# ---- mistakes

MISTAKES = {
    "a missing fact": ("fps = 15\n", "", "stream[0].fps is missing"),
    "a misspelt fact": ("fps = 15", "fsp = 15", "stream[0].fsp is not known; is fps meant"),
    "a wrong kind of value": ("fps = 15", 'fps = "15"', "stream[0].fps must be a whole number"),
    "an unknown table": ("[can]", "[could]", "could is not known; known here: camera"),
    "an unknown ability": ("siren = true", "sirens = true", "can.sirens is not known; is siren meant"),
    "no such transport": ('transport = "smartcam"', 'transport = "magic"', 'must be "linkie" or "smartcam"'),
    "no such stream": ('kind = "rtsp"', 'kind = "rtps"', 'must be "multipart" or "rtsp" or "vhttpd"'),
    "no such codec": ('video = "h264"', 'video = "h266"', 'must be "h264" or "hevc"'),
    "no such sound": ('audio = "alaw"', 'audio = "mp3"', 'must be "mulaw" or "alaw" or "none"'),
    "no port": ("port = 443", "port = 0", "has port = 0: a port is 1 to 65535"),
    "a picture without a size": ("width = 1920", "width = 0", "needs a width, a height"),
    "an absurd rate": ("fps = 15", "fps = 900", "up to 60 fps"),
    "sound at no rate": ('audio = "alaw"', 'audio = "alaw"\naudio_hz = 44100', "8000 or 16000"),
    "the other family's stream": (
        'kind = "rtsp"\nport = 554',
        'kind = "multipart"\nport = 554',
        "a stream that a tapo camera does not have",
    ),
    "logins where none are tried": (
        "port = 443",
        'port = 443\nlogins = ["magic"]',
        "logins that nobody knows",
    ),
    "a path where none is": (
        "port = 443",
        'port = 443\npath = "/x"\nlogins = ["factory"]',
        "only when, its transport",
    ),
    "presets without a motor": ("ptz = true\n", "", "has presets without ptz"),
    "a kind of event that is none": (
        'kinds = ["motion"',
        'kinds = ["ghost"',
        "has kinds that are none: ghost",
    ),
    "kinds without a source": (
        'source = "last_alert"',
        'source = "none"',
        "when, and only when, it has a source",
    ),
    "a fact without a source": ('"control" = ', '"can.ptz" = ', "says nothing in [sources] of control."),
    "a source of nothing": ("[sources]", '[sources]\n"stream.colour" = "assumed: red"', "it does not state"),
    "a source that is none": (
        '"control" = "measured',
        '"control" = "guessed',
        "must begin with 'measured: '",
    ),
    "a quirk without a source": (
        'source = "reported: nirsimetri',
        'source = "nirsimetri',
        "source must begin with",
    ),
    "a firmware that is none": ("[[limit]]", '[[limit]]\nsince = "latest"', "no version like 2.3.27"),
    "no free window": ('free_window = "2d"', 'free_window = "ever"', "camera.free_window must be a length"),
    "another model's name": ('model = "C210"', 'model = "C211"', "is named tapo-c211.toml"),
    "no TOML": ("[camera]", "[camera", "this is not TOML"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_profile_is_told_with_its_file(mistake: str, tmp_path: Path) -> None:
    right, wrong, told = MISTAKES[mistake]
    text = (profiles_folder() / "tapo-c210.toml").read_text()
    assert right in text
    file = tmp_path / "tapo-c210.toml"
    file.write_text(text.replace(right, wrong, 1))
    with pytest.raises(BadSettings) as refused:
        load_profile(file)
    assert str(refused.value).startswith(str(file))
    assert told in str(refused.value)


def test_missing_defaults_of_a_family_are_a_damaged_installation(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"kasa\.toml"):
        load_profiles(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"tapo-c1\.toml: cannot be read: No such file"):
        load_profile(tmp_path / "tapo-c1.toml")


def test_the_readme_explains_every_way_to_sign_in() -> None:
    readme = (ROOT / "firmware_profiles" / "README.md").read_text()
    ways = {way for profile in load_profiles(profiles_folder()).values() for way in profile.control.logins}
    assert all(f"`{way}`" in readme for way in ways)


# ---- the command


def test_the_list_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines[1:]} >= {*KASA, *TAPO}


def test_what_is_known_of_a_model_is_shown_with_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "show", "KC420WS"]) == 0
    told = capsys.readouterr().out
    assert "It hears no broadcast" in told
    assert "from firmware 2.3.27 on" in told
    assert "reported: sv-tools/scrypted-kasa-plugin" in told


def test_an_unknown_model_is_answered_with_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "show", "X1"]) == 1
    assert "there is no profile of X1" in capsys.readouterr().err


def test_a_folder_is_checked_file_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "tapo-c210.toml", tmp_path / "tapo-c211.toml"
    good.write_text((profiles_folder() / "tapo-c210.toml").read_text())
    bad.write_text(good.read_text().replace("fps = 15", "fsp = 15", 1))
    assert main(["profiles", "check", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert f"{good}: C210 is right" in told.out
    assert f"{bad}:" in told.err
    assert "fsp" in told.err


def test_nothing_to_check_is_a_mistake(tmp_path: Path) -> None:
    assert main(["profiles", "check", str(tmp_path)]) == 1
