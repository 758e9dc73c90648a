"""The checker finds every promise that is broken: here each is, on purpose, on a copy of a sound folder."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from faulting.campaign import CAMERAS, Campaign, begun_campaign, measures_for
from faulting.checker import HubChecker
from faulting.findings import Findings
from faulting.planning import Death
from faulting.told import Ear, Told

LOST = {"finished segments lost", "fragments lost beyond the one being written"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Sound:
    """A hub's folder after a life, a kill and the recovery; and what had been promised."""

    campaign: Campaign

    def told(self) -> Told:
        return Ear(self.campaign.promises).listen()

    def broken_by(self, tmp_path: Path, spoil: Callable[[Path], object]) -> set[str]:
        """The promises that are broken after this was done to a copy."""
        copy, found = tmp_path / "hub", Findings("spoiled")
        shutil.copytree(self.campaign.hub_folder, copy)
        spoil(copy)
        campaign = self.campaign
        measures = measures_for(campaign.pace, campaign.pulse)
        checker = HubChecker(copy, CAMERAS, campaign.windows, campaign.pace.base_ms, found, measures)
        checker.check(self.told(), "spoiled on purpose")
        return {one.promise for one in found.broken}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    folder, findings = tmp_path_factory.mktemp("sound") / "w", Findings("sound")
    async with begun_campaign(folder, 1, findings, print, 30.0) as campaign:
        life = await campaign.hub_life(Death(3.5))
        await asyncio.sleep(3.5)
        life.kill()
        await life.ended()
        await campaign.recover_and_judge("a sound folder")
        assert findings.broken == []
        return Sound(campaign)


def a_segment(folder: Path) -> Path:
    """A whole one of the newest: nothing of it has expired by the time of the judgement."""
    whole = max(path.stat().st_size for path in folder.rglob("*.m4s")) // 2
    return max(
        (p for p in folder.rglob("*.m4s") if p.stat().st_size > whole), key=lambda path: int(path.stem)
    )


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "agent.db")) as db, db:
        db.execute(sql)


async def test_a_sound_folder_breaks_nothing(sound: Sound, tmp_path: Path) -> None:
    assert sound.broken_by(tmp_path, lambda folder: None) == set()


async def test_a_file_that_is_gone(sound: Sound, tmp_path: Path) -> None:
    broken = sound.broken_by(tmp_path, lambda folder: a_segment(folder).unlink())
    assert "rows without files" in broken


async def test_a_row_that_is_gone(sound: Sound, tmp_path: Path) -> None:
    broken = sound.broken_by(tmp_path, lambda folder: change(folder, "DELETE FROM segment"))
    assert broken >= {"finished segments lost", "files without rows"}


async def test_segments_that_are_gone_with_row_and_file(sound: Sound, tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        path = a_segment(folder)
        path.unlink()
        change(folder, f"DELETE FROM segment WHERE start_ms = {path.stem}")

    assert sound.broken_by(tmp_path, spoil) & LOST


async def test_a_byte_that_flipped(sound: Sound, tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        data = bytearray(a_segment(folder).read_bytes())
        data[len(data) // 2] ^= 0xFF
        a_segment(folder).write_bytes(data)

    assert sound.broken_by(tmp_path, spoil) & LOST


async def test_a_file_that_nobody_knows(sound: Sound, tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        path = a_segment(folder)
        shutil.copy(path, path.with_name(f"{int(path.stem) + 1}.m4s"))

    assert "files without rows" in sound.broken_by(tmp_path, spoil)


async def test_an_init_that_is_gone(sound: Sound, tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        for path in folder.rglob("runs/*.mp4"):
            path.unlink()

    assert "rows without files" in sound.broken_by(tmp_path, spoil)


async def test_a_segment_with_a_wrong_date(sound: Sound, tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        path = a_segment(folder)
        moved = int(path.stem) - 39_997
        path.rename(path.with_name(f"{moved}.m4s"))
        change(
            folder,
            f"UPDATE segment SET start_ms = {moved}, end_ms = end_ms - 39997 WHERE start_ms = {path.stem}",
        )

    assert "segments at the wrong moment" in sound.broken_by(tmp_path, spoil)


async def test_a_ledger_that_forgot(sound: Sound, tmp_path: Path) -> None:
    broken = sound.broken_by(tmp_path, lambda folder: change(folder, "DELETE FROM erasure"))
    assert "segments gone that the ledger does not account for" in broken


async def test_segments_that_came_back(sound: Sound, tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        told = sound.told()
        gone = [p for p in told.pieces.values() if p.end_ms and p.end_ms <= told.erased_since(p.place[0], 0)]
        camera, start_ms = gone[0].place
        row = (int(camera, 16), start_ms, gone[0].end_ms, gone[0].run_ms)
        with closing(sqlite3.connect(folder / "agent.db")) as db, db:
            db.execute(
                "INSERT INTO segment (camera, start_ms, end_ms, run_ms, sequence, size_bytes)"
                " VALUES (?, ?, ?, ?, 0, 1)",
                row,
            )

    assert "reappeared segments" in sound.broken_by(tmp_path, spoil)
