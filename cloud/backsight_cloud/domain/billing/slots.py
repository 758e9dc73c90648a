"""Which cameras Premium covers: in the order in which they were bound, or as their owner chooses."""

from collections.abc import Collection, Sequence


def filled(
    slots: Sequence[str], cameras: Sequence[str], most: int, passed: Collection[str] = ()
) -> tuple[str, ...]:
    """The slots without cameras that left, and with the next ones in the order of binding.

    `passed`: cameras that get no slot by themselves, as they have a Plus of their own.
    """
    kept = [camera for camera in slots if camera in cameras][:most]
    waiting = [camera for camera in cameras if camera not in kept and camera not in passed]
    return (*kept, *waiting[: most - len(kept)])
