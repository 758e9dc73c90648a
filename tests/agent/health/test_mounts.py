"""The mount of a folder is the longest that holds it, and of two on one place the later."""

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.mounts import Mount, mount_of, mounts

TEXT = """\
25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
30 25 8:1 / /mnt/usb rw,relatime shared:9 - ext4 /dev/sda1 rw
31 25 0:44 / /mnt/my\\040share rw,relatime - nfs4 server:/export/my\\040video rw,vers=4.2
32 30 8:17 / /mnt/usb rw - xfs /dev/sdb1 ro
broken line
"""


def found(folder: str) -> Mount:
    mount = mount_of(PurePosixPath(folder), TEXT)
    assert mount is not None
    return mount


def test_a_folder_is_on_the_mount_that_holds_it() -> None:
    assert found("/var/lib/backsight-agent").source == "/dev/mmcblk0p2"
    assert found("/var/lib").device == "179:2"


def test_a_name_that_only_begins_like_it_is_another_place() -> None:
    assert found("/mnt/usb2").point == PurePosixPath("/")


def test_of_two_on_one_place_the_later_is_seen() -> None:
    assert found("/mnt/usb/history").kind == "xfs"


def test_one_that_is_read_only_by_either_list_is_read_only() -> None:
    assert found("/mnt/usb").read_only
    assert not found("/").read_only


def test_blanks_in_names_are_read() -> None:
    share = found("/mnt/my share/video")
    assert (share.kind, share.source) == ("nfs4", "server:/export/my video")


def test_nothing_is_known_where_there_is_no_list() -> None:
    assert mount_of(PurePosixPath("/x"), "") is None


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(mount.kind is not None for mount in mounts(text))
