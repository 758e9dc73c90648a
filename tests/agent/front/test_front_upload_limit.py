"""The limit of what may be sent in a second is written with its unit; what makes no sense is refused."""

from pathlib import Path

import pytest

from backsight_agent.config import load
from backsight_agent.config_values import Bandwidth
from backsight_shared.settings import BadSettings

CAMERA = """
[[camera]]
name = "Front door"
mac = "74:FE:CE:01:02:03"
family = "kasa"
host = "192.168.1.20"
model = "EC60"
username = "you@example.com"
password_file = "kasa.password"
"""


def written(limit: str, folder: Path) -> Path:
    file = folder / "agent.toml"
    file.write_text(f'state = "state"\n\n[upload]\nlimit = {limit}\n{CAMERA}')
    return file


@pytest.mark.parametrize(
    ("text", "bytes_per_s"),
    [
        ("500 kbit/s", 62_500),
        ("2 Mbit/s", 250_000),
        ("2.5Mbit/s", 312_500),
        ("1 Gbit/s", 125_000_000),
        ("64 kbit/s", 8_000),
    ],
)
def test_a_limit_is_written_with_its_unit(text: str, bytes_per_s: float) -> None:
    assert Bandwidth.from_text(text).bytes_per_s == bytes_per_s


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fast",
        "500",
        "2 MB/s",
        "2 mbit/s",
        "-2 Mbit/s",
        "0 Mbit/s",
        "63 kbit/s",
        "1e9 kbit/s",
        "2,5 Mbit/s",
    ],
)
def test_anything_else_is_refused_with_what_is_meant(text: str) -> None:
    with pytest.raises(ValueError, match='at least 64 kbit/s, written like "500 kbit/s"'):
        Bandwidth.from_text(text)


def test_agent_toml_sets_it(secrets: Path) -> None:
    limit = load(written('"2 Mbit/s"', secrets)).upload.limit
    assert limit == Bandwidth(2e6)


def test_without_it_nothing_is_limited(secrets: Path) -> None:
    file = secrets / "agent.toml"
    file.write_text(f'state = "state"\n{CAMERA}')
    assert load(file).upload.limit is None


@pytest.mark.parametrize("limit", ['"2 MB/s"', "2000000", '["2 Mbit/s"]'])
def test_a_mistake_is_told_with_its_line(limit: str, secrets: Path) -> None:
    with pytest.raises(BadSettings, match=r"agent\.toml:4: upload\.limit must be"):
        load(written(limit, secrets))
