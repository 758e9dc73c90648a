"""Decides how long the store's word that an object is gone is checked, and how often."""

from zlib import crc32

MINUTE_MS = 60_000

# By then nothing can still be on its way to the object's address: it holds for 15 minutes, a body takes 10.
FIRST_LOOK_MS = 30 * MINUTE_MS
SECOND_LOOK_MS = 24 * 60 * MINUTE_MS  # of some: a store whose deletions do not last shows it by then
ONE_IN = 16  # is looked at a second time; each look costs a question to the store
MOST_NOTED = 250_000  # some 25 MB: a month of a camera at once; what is more is not looked at again


def is_looked_at_twice(key: str) -> bool:
    """The same for a key whoever asks; about one in sixteen."""
    return crc32(key.encode()) % ONE_IN == 0
