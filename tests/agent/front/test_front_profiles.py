"""Camera models differ by data: one file each, strictly read, every fact with its source."""

from pathlib import Path

import pytest

from backsight_agent.domain.family import Family
from backsight_agent.domain.profiles import load_profiles, plain_model, profile_of, profiles_folder
from backsight_shared.settings import BadSettings

ROOT = Path(__file__).parents[3]


def test_every_file_is_right_and_is_named_after_its_model() -> None:
    profiles = load_profiles(profiles_folder())
    assert {("kasa", "EC60"), ("tapo", "C210"), ("kasa", ""), ("tapo", "")} <= profiles.keys()


def test_a_known_model_is_found_with_or_without_its_region() -> None:
    assert profile_of(Family.KASA, "EC60(US)").camera.free_window.ms == 12 * 3_600_000
    assert profile_of(Family.KASA, "ec60").known


def test_an_unknown_model_has_its_familys_defaults_and_is_marked() -> None:
    profile = profile_of(Family.TAPO, "C9999")
    assert not profile.known
    assert profile.stream.port == 554


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


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("port = 443", 'port = 443\nlogins = ["magic"]', "control has logins that nobody knows: magic"),
        ("fps = 15\n", "", "stream.fps is missing"),
        ("fps = 15", "fsp = 15", "stream.fsp is not known; is fps meant"),
        ("fps = 15", 'fps = "15"', "stream.fps must be a whole number"),
        ('"stream.fps" = ', '"stream.fsp" = ', "says nothing in [sources] of stream.fps"),
        ('"control.port" = "measured', '"control.port" = "guessed', "must begin with 'measured: '"),
        ("[sources]", '[sources]\n"stream.colour" = "assumed: red"', "facts that it does not state"),
        ('model = "C210"', 'model = "C211"', "is named tapo-c211.toml"),
    ],
)
def test_a_mistake_in_a_profile_is_told(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    text = (profiles_folder() / "tapo-c210.toml").read_text()
    assert right in text
    (tmp_path / "tapo-c210.toml").write_text(text.replace(right, wrong, 1))
    with pytest.raises(BadSettings) as refused:
        load_profiles(tmp_path)
    assert told in str(refused.value)


def test_missing_defaults_of_a_family_are_a_damaged_installation(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"kasa\.toml"):
        load_profiles(tmp_path)


def test_the_readme_explains_every_way_to_sign_in() -> None:
    readme = (ROOT / "firmware_profiles" / "README.md").read_text()
    ways = {way for profile in load_profiles(profiles_folder()).values() for way in profile.control.logins}
    assert all(f"`{way}`" in readme for way in ways)
