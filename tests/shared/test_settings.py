"""A settings file is read into frozen values; each mistake is told with its place, all of them at once."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backsight_shared.settings import BadSettings, Duration, Listen, settings_from

FILE = Path("/etc/x/x.toml")


@dataclass(frozen=True)
class Lens:
    name: str
    zoom: float = 1.0
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("needs a name")


@dataclass(frozen=True)
class Shop:
    folder: Path
    open: bool = True
    lens: tuple[Lens, ...] = ()
    keep: Duration | None = None
    windows: dict[str, Duration] = field(default_factory=dict)


def mistakes(text: str) -> list[str]:
    with pytest.raises(BadSettings) as refused:
        settings_from(Shop, text, FILE)
    return str(refused.value).splitlines()


def test_everything_is_read() -> None:
    text = (
        'folder = "data"\nopen = false\nkeep = "90s"\nwindows = { A = "2h" }\n'
        '[[lens]]\nname = "wide"\nzoom = 2\n[[lens]]\nname = "far"\ntags = ["x", "y"]\n'
    )
    assert settings_from(Shop, text, FILE) == Shop(
        folder=Path("/etc/x/data"),
        open=False,
        lens=(Lens("wide", 2.0), Lens("far", 1.0, ("x", "y"))),
        keep=Duration(90_000),
        windows={"A": Duration(7_200_000)},
    )


def test_a_path_is_relative_to_the_file_unless_it_is_absolute() -> None:
    assert settings_from(Shop, 'folder = "/var/x"\n', FILE).folder == Path("/var/x")


def test_mistakes_are_told_together_each_with_its_line() -> None:
    text = 'folder = 1\nopne = true\n[[lens]]\nname = "a"\n[[lens]]\nzoom = "b"\n'
    assert mistakes(text) == [
        "/etc/x/x.toml:2: opne is not known; is open meant?",
        '/etc/x/x.toml:1: folder must be text in "quotes", not a whole number',
        "/etc/x/x.toml:5: lens[1].name is missing",
        '/etc/x/x.toml:6: lens[1].zoom must be a number, not text in "quotes"',
    ]


def test_what_a_value_refuses_is_told_at_its_table() -> None:
    assert mistakes('folder = "x"\n[[lens]]\nname = ""\n') == ["/etc/x/x.toml:2: lens[0] needs a name"]


def test_true_is_no_number_and_a_number_no_truth() -> None:
    assert len(mistakes('folder = "x"\nopen = 1\n[[lens]]\nname = "a"\nzoom = true\n')) == 2


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1s", 1000), ("90s", 90_000), ("30m", 1_800_000), ("12h", 43_200_000), ("2 d", 172_800_000)],
)
def test_lengths_of_time(text: str, ms: int) -> None:
    assert Duration.from_text(text).ms == ms


@pytest.mark.parametrize("text", ["", "0s", "-1h", "1", "1w", "1.5h", "h", "1h30m", "9999999999d"])
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        Duration.from_text(text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:80", "127.0.0.1", 80), ("[::1]:0", "::1", 0), ("host.example:65535", "host.example", 65535)],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert Listen.from_text(text) == Listen(host, port)


@pytest.mark.parametrize("text", ["", "80", ":80", "::1", "host", "host:", "host:65536", "a b:1", "host:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="address and a port"):
        Listen.from_text(text)
