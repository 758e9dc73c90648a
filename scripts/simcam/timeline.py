"""When each frame of a camera is due: an absolute schedule, so that nothing drifts.

A camera's frames are counted from 0 at its start and never restart, not even at a reboot: the count is the
schedule, and what was not sent during an outage is missing from it. The number *painted* into a frame is
the count modulo the film's length.
"""

from dataclasses import dataclass

from simcam.sound import BLOCK_SAMPLES, SAMPLE_RATE

FPS = 15


@dataclass(frozen=True)
class Timeline:
    """Ties a camera's frame count to the three times that matter."""

    start_s: float  # monotonic (event loop) time of frame 0
    start_wall_ms: float  # UTC, of frame 0
    boot_index: int  # the first frame after the camera's last boot
    boot_stamp_us: int  # what the camera's own clock showed then: an epoch that means nothing outside

    def due_s(self, index: int) -> float:
        """Monotonic time at which a frame is sent."""
        return self.start_s + index / FPS

    def wall_ms(self, index: int) -> float:
        """UTC milliseconds at which a frame is sent."""
        return self.start_wall_ms + index * 1000 / FPS

    def index_at(self, now_s: float) -> int:
        """The first frame that is due at this monotonic time or later."""
        return -int((self.start_s - now_s) * FPS // 1)

    def index_at_wall(self, wall_ms: float) -> int:
        """The first frame that is due at this UTC time or later."""
        return -int((self.start_wall_ms - wall_ms) * FPS // 1000)

    def stamp_us(self, index: int) -> int:
        """The camera's own time of a frame: the epoch plus an exact multiple of a fifteenth of a second."""
        return self.boot_stamp_us + (index - self.boot_index) * 1_000_000 // FPS

    def block_stamp_us(self, block: int) -> int:
        """The camera's own time of the first sample of a block of sound."""
        samples = block * BLOCK_SAMPLES
        return self.boot_stamp_us + samples * 1_000_000 // SAMPLE_RATE - self.boot_index * 1_000_000 // FPS


def blocks_before(index: int) -> int:
    """How many blocks of sound are complete when a frame is sent; sound and frames start together."""
    return index * SAMPLE_RATE // (FPS * BLOCK_SAMPLES)


def samples_at(index: int) -> int:
    """How many samples of sound have passed when a frame is sent."""
    return index * SAMPLE_RATE // FPS
