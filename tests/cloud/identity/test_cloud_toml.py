"""cloud.toml is obeyed whole or refused with the file, the line, the key and the way out."""

from pathlib import Path

import pytest

from backsight_cloud.config import Settings, load
from backsight_shared.settings import BadSettings, Listen

S = 'state = "s"\n'
ROOT = Path(__file__).parents[3]


def loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "cloud.toml"
    file.write_text(text)
    return load(file)


def test_the_state_folder_is_all_that_is_needed(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'state = "here"\n')
    assert settings.state == tmp_path / "here"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path / 'here' / 'cloud.db'}"
    assert settings.broker_host == "127.0.0.1"


def test_the_example_says_the_defaults(tmp_path: Path) -> None:
    example = load(ROOT / "cloud.example.toml")
    default = loaded(tmp_path, 'state = "/var/lib/backsight-cloud"\n')
    assert example.state == default.state
    assert (example.http, example.https.listen, example.broker.listen, example.accounts) == (
        default.http,
        default.https.listen,
        default.broker.listen,
        default.accounts,
    )
    assert (example.names, example.broker_host) == (default.names, default.broker_host)
    assert example.catalogue == default.catalogue
    assert example.terms == default.terms
    assert example.database_url == default.database_url


def test_hubs_are_told_the_first_name(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'state = "s"\n[https]\nnames = ["cloud.example", "10.0.0.1"]\n')
    assert (settings.names[0], settings.broker_host) == ("cloud.example", "cloud.example")


def test_addresses_may_be_ipv6(tmp_path: Path) -> None:
    settings = loaded(tmp_path, 'state = "s"\n[http]\nlisten = "[::1]:0"\n')
    assert settings.http.listen == Listen("::1", 0)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", None, "state is missing"),
        ("state = 3\n", 1, 'state must be text in "quotes", not a whole number'),
        (S + 'sate = "t"\n', 2, "sate is not known; is state meant?"),
        (
            'state = "s"\n[http]\nlisten = "here"\n',
            3,
            'http.listen must be an address and a port like "127.0.0.1:8470"',
        ),
        (
            'state = "s"\n[https]\nlisten = "127.0.0.1:70000"\n',
            3,
            "https.listen must be an address and a port",
        ),
        (S + '[https]\nnames = "x"\n', 3, "https.names must be a list [..]"),
        (S + '[https]\nnames = [\n "x",\n 3]\n', 3, "https.names[1] must be text"),
        (S + "[broker]\nport = 1\n", 3, "broker.port is not known"),
        (
            'state = "s"\n\n[plans.plus]\nwindow = "2 weeks"\n',
            4,
            "plans.plus.window must be a length of time",
        ),
        (S + "[plans.free.windows]\n# Spot\nEC60 = 12\n", 4, "plans.free.windows.EC60 must be text"),
        (
            'state = "s"\n[plans.free]\nwindows = { EC60 = "0h" }\n',
            3,
            "plans.free.windows.EC60 must be a length",
        ),
        (S + '[plans.gold]\nwindow = "1d"\n', 2, "plans.gold is not known"),
        (S + '[accounts]\nzone = "Mars"\n', 2, "accounts zone 'Mars' is not a time zone"),
        (S + "plans = 3\n", 2, "plans must be a table"),
        ("state = \n", None, "this is not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int | None, says: str) -> None:
    with pytest.raises(BadSettings) as refused:
        loaded(tmp_path, text)
    said = str(refused.value)
    assert said.startswith(f"{tmp_path / 'cloud.toml'}:{line}: " if line else f"{tmp_path / 'cloud.toml'}: ")
    assert says in said


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        loaded(tmp_path, 'stat = "s"\n[http]\nlisten = 3\n[broker]\nhost = true\n')
    assert len(str(refused.value).splitlines()) == 4


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"nowhere\.toml: cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")


def test_without_any_file_the_option_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSettings, match="--config FILE"):
        load(None)
