"""`doctor` on a whole house: all is well while it is, and each thing that is taken away is named."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from stage.process import BIN
from stage.whole import Plan, Whole, whole

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Finding = dict[str, str]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Whole]:
    """Two cameras, a hub that is paired, its cloud."""
    async with whole(Plan(tmp_path, kasa=1, tapo=1, size="320x180")) as running:
        yield running


async def doctor(config: Path, *more: str) -> tuple[int, str]:
    """Its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        str(BIN / "backsight-agent"), "--config", str(config), "doctor", *more, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode()


async def found(config: Path) -> tuple[int, list[Finding]]:
    """Its exit code and what it found."""
    code, out = await doctor(config, "--json")
    told = json.loads(out)
    assert told["ok"] is (code == 0)
    findings: list[Finding] = told["findings"]
    return code, findings


def of(findings: Sequence[Finding], subject: str) -> list[str]:
    """Levels and texts of one subject."""
    return [f"{one['level']}: {one['text']}" for one in findings if one["subject"] == subject]


def problems(findings: Sequence[Finding]) -> list[str]:
    return [f"{one['subject']}: {one['text']}" for one in findings if one["level"] == "problem"]


async def test_a_house_in_order_has_no_problems_and_each_loss_is_named(house: Whole) -> None:
    config = house.hub.config
    code, findings = await found(config)
    assert (problems(findings), code) == ([], 0)
    assert of(findings, "agent") == ["ok: It is running, version 0.1.0"]
    assert of(findings, "camera Front door")[-1] == "ok: Recording"
    assert any("knows this hub as" in text for text in of(findings, "cloud"))
    assert any("both trust each other" in text for text in of(findings, "cloud"))
    subjects = list(dict.fromkeys(one["subject"] for one in findings))
    assert subjects[0] == "settings"
    assert subjects[-1] == "agent"

    await house.cloud.run("hub", "unpair", "Demo hub")
    code, findings = await found(config)
    assert code == 1
    (refusal, *_) = [text for text in of(findings, "cloud") if text.startswith("problem")]
    assert "pair it anew" in refusal

    await house.cloud.stop()
    code, findings = await found(config)
    assert code == 1
    assert sum("cannot be reached" in text for text in of(findings, "cloud")) == 2

    await house.hub.stop()
    code, findings = await found(config)
    assert code == 1
    assert "It is not running" in of(findings, "agent")[0]
    assert of(findings, "index")[-1] == "ok: The index and the files belong together"
    assert of(findings, "camera Garden")[0].startswith("ok: It answers at 127.")

    await house.street.child.stop()
    code, findings = await found(config)
    assert "Nothing answers at 127." in of(findings, "camera Garden")[0]
    assert list((house.hub.state).glob(".doctor*")) == []


def written(folder: Path, text: str) -> Path:
    (folder / "agent.toml").write_text(text)
    return folder / "agent.toml"


async def test_settings_that_cannot_be_read_are_all_that_is_told(tmp_path: Path) -> None:
    code, findings = await found(written(tmp_path, "stat = 1"))
    assert code == 1
    assert {one["subject"] for one in findings} == {"settings"}
    assert any("stat is not known; is state meant?" in one["text"] for one in findings)


async def test_for_people_it_is_a_table_with_a_last_line(tmp_path: Path) -> None:
    code, out = await doctor(written(tmp_path, "stat = 1"))
    lines = out.splitlines()
    assert code == 1
    assert lines[1].startswith("problem  settings  ")
    assert lines[-1] == "2 problems."


async def test_what_it_does_not_understand_is_2(tmp_path: Path) -> None:
    code, _ = await doctor(written(tmp_path, ""), "--dance")
    assert code == 2
