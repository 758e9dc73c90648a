"""A disk is well when it may be written, lasts, is quick enough, and has room for what the windows keep."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from backsight_agent.domain.findings import Finding, Level
from backsight_agent.domain.judging_disk import DiskFacts, Footprint, judge_disk
from backsight_agent.domain.mounts import Mount

GB = 1_000_000_000
HALF_A_DAY_S = 43_200.0
EXT4 = Mount(PurePosixPath("/"), "ext4", "/dev/sda1", "8:1", read_only=False)
NEW = Footprint(250_000.0, HALF_A_DAY_S, 0.0, measured=False)  # needs 10.8 GB
DISK = DiskFacts(
    "/var/lib/backsight-agent",
    mount=EXT4,
    free_bytes=50 * GB,
    total_bytes=100 * GB,
    syncs_s=(0.004, 0.005, 0.9),
    cameras=(NEW,),
)


def bad(disk: DiskFacts) -> list[Finding]:
    return [finding for finding in judge_disk(disk) if finding.level is not Level.OK]


def only(disk: DiskFacts) -> Finding:
    (finding,) = bad(disk)
    return finding


def test_a_good_disk_is_well_in_every_respect() -> None:
    assert [finding.level for finding in judge_disk(DISK)] == [Level.OK] * 4


def test_a_folder_that_is_still_to_be_made_is_well() -> None:
    (finding,) = judge_disk(DiskFacts("/new", exists=False))
    assert finding.level is Level.OK


@pytest.mark.parametrize(
    ("disk", "text"),
    [
        (DiskFacts("/new", exists=False, writable=False), "cannot be made"),
        (replace(DISK, writable=False), "cannot be written"),
        (replace(DISK, error="Permission denied"), "Permission denied"),
        (replace(DISK, absent="The disk at /mnt is not there: mount it"), "mount it"),
        (replace(DISK, mount=replace(EXT4, read_only=True)), "read only"),
        (replace(DISK, mount=replace(EXT4, kind="tmpfs")), "lost when this machine is switched off"),
        (replace(DISK, free_bytes=50_000_000), "It is full"),
        (replace(DISK, syncs_s=(4.0, 4.0, 4.0)), "too slow"),
    ],
)
def test_what_keeps_it_from_recording_is_a_problem(disk: DiskFacts, text: str) -> None:
    assert only(disk).level is Level.PROBLEM
    assert text in only(disk).text


@pytest.mark.parametrize(
    ("disk", "text"),
    [
        (replace(DISK, own=False), "another user"),
        (replace(DISK, private=False), "chmod 700"),
        (replace(DISK, mount=replace(EXT4, kind="nfs4")), "network share"),
        (replace(DISK, mount=replace(EXT4, kind="vfat")), "use ext4"),
        (replace(DISK, is_card=True), "SD card"),
        (replace(DISK, syncs_s=(1.0, 1.0, 1.0)), "slow for 1 camera"),
        (replace(DISK, cameras=(replace(NEW, window_s=None),)), "nothing is ever deleted"),
        (replace(DISK, cameras=(NEW,) * 5), "the oldest leave early"),
    ],
)
def test_what_will_not_go_well_for_ever_is_a_warning(disk: DiskFacts, text: str) -> None:
    assert only(disk).level is Level.WARNING
    assert text in only(disk).text


def test_a_disk_that_is_away_is_judged_no_further() -> None:
    assert len(list(judge_disk(replace(DISK, absent="away", writable=False)))) == 1


def test_what_is_there_already_needs_no_more_room() -> None:
    kept = replace(NEW, kept_s=HALF_A_DAY_S, measured=True)
    assert bad(replace(DISK, cameras=(kept,) * 50)) == []


def test_the_reserve_is_not_room() -> None:
    assert "leave early" in only(replace(DISK, reserve_bytes=40 * GB)).text


def test_how_the_need_is_known_is_said() -> None:
    texts = [finding.text for finding in judge_disk(DISK)]
    assert any("as cameras usually need" in text for text in texts)
    measured = replace(DISK, cameras=(replace(NEW, measured=True),))
    assert any("as measured" in finding.text for finding in judge_disk(measured))


def test_one_slow_moment_makes_no_slow_disk() -> None:
    assert bad(replace(DISK, syncs_s=(0.005, 0.005, 5.0))) == []


def test_many_cameras_need_a_quick_disk() -> None:
    slow = replace(DISK, syncs_s=(0.1, 0.1, 0.1), cameras=(replace(NEW, kept_s=HALF_A_DAY_S),) * 40)
    assert only(slow).level is Level.PROBLEM
    assert bad(replace(slow, cameras=slow.cameras[:4])) == []


def test_without_linux_the_kind_of_disk_is_not_known_and_no_fault() -> None:
    assert bad(replace(DISK, mount=None)) == []
