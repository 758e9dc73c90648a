"""Names the boot of this machine that we run in: its monotonic clock counts from there."""

from pathlib import Path
from secrets import token_hex

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # Linux; another one after each boot


def boot_id() -> str:
    """The same for each process of one boot; where the kernel does not say, another for each process."""
    try:
        return _BOOT_ID.read_text().strip() or token_hex(16)
    except OSError:
        return token_hex(16)
