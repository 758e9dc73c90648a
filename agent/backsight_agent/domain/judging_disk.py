"""Judges the disks that hold the history: their rights, their kind, their room, their speed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from backsight_agent.domain.findings import Finding, ok, problem, warning
from backsight_agent.domain.mounts import Mount

SLOW, TOO_SLOW = 0.25, 1.0  # parts of its time that the disk is waited for
WAITS = 3  # for the disk, by each segment that is finished: its file, its name, its row
SEGMENT_S = 10.0
FULL_BYTES = 64_000_000  # free; below it, soon nothing can be written
USUAL_BYTES_S = 260_000.0  # of a camera that was never recorded: 2 Mbit/s and its sound

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs"})
IN_MEMORY = frozenset({"tmpfs", "ramfs"})
WITHOUT_RIGHTS = frozenset({"vfat", "exfat", "msdos", "fuseblk", "ntfs3"})


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one camera needs on its disk: bytes a second, how long they stay, how much of that is there."""

    bytes_s: float
    window_s: float | None  # None: nothing is ever deleted
    kept_s: float
    measured: bool


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A folder of the history, as it was found."""

    folder: str
    exists: bool = True
    error: str = ""  # why it cannot be looked at
    writable: bool = True
    own: bool = True  # whether it belongs to who asks
    private: bool = True  # whether others are kept out
    mount: Mount | None = None
    is_card: bool = False  # an SD card or soldered flash of that kind
    free_bytes: int = 0
    total_bytes: int = 0
    reserve_bytes: int = 0  # kept free
    absent: str = ""  # why it is not the disk that it should be, in a sentence
    syncs_s: tuple[float, ...] = ()  # how long a small file took to be durable, some times
    cameras: tuple[Footprint, ...] = field(default=())  # that are written there


def judge_disk(disk: DiskFacts) -> Iterator[Finding]:
    """In the order in which one would mend it."""
    subject = f"disk {disk.folder}"
    if disk.absent:
        yield problem(subject, disk.absent)
        return
    if not disk.exists or disk.error or not disk.writable:
        yield _unusable(subject, disk)
        return
    yield _rights(subject, disk)
    yield _kind(subject, disk)
    yield _room(subject, disk)
    if disk.syncs_s:
        yield _speed(subject, disk.syncs_s, len(disk.cameras))


def _unusable(subject: str, disk: DiskFacts) -> Finding:
    if disk.error:
        return problem(subject, f"It cannot be looked at ({disk.error}): run this as the agent's user")
    if not disk.exists and disk.writable:
        return ok(subject, "It is not there yet: the agent makes it when it runs for the first time")
    what = "It cannot be written" if disk.exists else "It is not there and cannot be made"
    return problem(subject, f"{what}: let it belong to the agent's user (chown), or run this as that user")


def _rights(subject: str, disk: DiskFacts) -> Finding:
    if not disk.own:
        return warning(subject, "It belongs to another user: run this, and the agent, as that user")
    if not disk.private:
        return warning(subject, f"Others on this machine can read the video: chmod 700 {disk.folder}")
    return ok(subject, "It can be written, and is nobody else's to read")


def _kind(subject: str, disk: DiskFacts) -> Finding:
    mount = disk.mount
    if mount is None:
        return ok(subject, "What kind of disk it is on cannot be found out")
    on = f"It is on {mount.source} ({mount.kind})"
    if mount.read_only:
        return problem(
            subject, f"{on}, which is mounted to be read only: mount it anew, and look at its health"
        )
    if mount.kind in IN_MEMORY:
        return problem(subject, f"{on}: in memory, all of it is lost when this machine is switched off")
    if mount.kind in NETWORK:
        return warning(
            subject, f"{on}, a network share: video is lost while its server is away; use a disk here"
        )
    if mount.kind in WITHOUT_RIGHTS:
        return warning(subject, f"{on}, which knows no owners and is easily damaged by a power cut: use ext4")
    if disk.is_card:
        return warning(
            subject, f"{on}, an SD card: constant writing wears it out; a USB disk or SSD lasts longer"
        )
    return ok(subject, on)


def _room(subject: str, disk: DiskFacts) -> Finding:
    """Whether the windows fit. What is missing leaves early, the oldest first: seen, but no fault."""
    free, usable = disk.free_bytes, disk.free_bytes - disk.reserve_bytes
    if free < FULL_BYTES:
        return problem(subject, f"It is full ({_size(free)} free): make room, or recording can stop")
    endless = [one for one in disk.cameras if one.window_s is None]
    if endless:
        a_day = sum(one.bytes_s for one in disk.cameras) * 86_400
        days = max(0.0, usable) / a_day if a_day else 0.0
        text = f"{_size(free)} free: that is {days:.1f} days of video, and nothing is ever deleted"
        return warning(subject, f"{text}: set [history] window, or pair this hub with a cloud")
    wanted = sum(one.bytes_s * max(0.0, (one.window_s or 0.0) - one.kept_s) for one in disk.cameras)
    how = "as measured" if all(one.measured for one in disk.cameras) else "as cameras usually need"
    if usable >= wanted:
        return ok(subject, f"{_size(free)} free, and the windows need {_size(wanted)} more ({how})")
    text = f"{_size(free)} free, but the windows need {_size(wanted)} more ({how}): the oldest leave early"
    return warning(subject, f"{text}; use a larger disk, or the small stream (quality)")


def _speed(subject: str, syncs_s: Sequence[float], cameras: int) -> Finding:
    """Segments wait for the disk; while it is waited for most of the time, video is lost."""
    usual_s = sorted(syncs_s)[len(syncs_s) // 2]
    part = usual_s * WAITS * max(1, cameras) / SEGMENT_S
    text = f"A small file takes {max(0.1, usual_s * 1000):.3g} ms to be durable"
    if part >= TOO_SLOW:
        return problem(subject, f"{text}: too slow for {cameras} cameras, video is lost; use an SSD")
    if part >= SLOW:
        return warning(subject, f"{text}: slow for {cameras} cameras; use an SSD, or a better card")
    return ok(subject, text)


def _size(number: float) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
