"""Where the power goes in a recording, and what had been said by then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from faulting.disk import Disk, Fate, Model
from faulting.write_log import Did, Record

STATES = ((Model.POSIX, Fate.LOST), (Model.POSIX, Fate.BY_CHANCE), (Model.ORDERED, Fate.BY_CHANCE))


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes after so many records."""

    after: int
    model: Model
    fate: Fate
    number: int

    @property
    def is_mild(self) -> bool:
        """Whether what is left of an unsynced file is a first part of it, without holes."""
        return self.model is Model.ORDERED or self.fate is Fate.LOST

    def __str__(self) -> str:
        return f"power cut {self.number} after record {self.after}, {self.model}: unsynced {self.fate}"


def chosen(
    records: Sequence[Record], promises: Sequence[str], count: int, first: int, chance: Random
) -> list[Cut]:
    """So many cuts, in order, the states in turn: half right behind a promise, when least is done for it."""
    behind = [
        record.number + 1 for record in records if record.did is Did.NOTE and _says(record.data, promises)
    ]
    moments = [
        chance.choice(behind) if behind and chance.random() < 0.5 else chance.randint(1, len(records))
        for _ in range(count)
    ]
    return [
        Cut(after, *STATES[number % len(STATES)], first + number)
        for number, after in enumerate(sorted(moments))
    ]


def at_each(disk: Disk, records: Sequence[Record], cuts: Sequence[Cut]) -> Iterator[tuple[Cut, list[str]]]:
    """Bring the disk to each cut in turn; with what had been said by then. Raises NotUnderstood."""
    lines, done = list[str](), 0
    for cut in cuts:
        for record in records[done : cut.after]:
            if record.did is Did.NOTE:
                lines.append(record.data.decode())
            else:
                disk.take(record)
        done = cut.after
        yield cut, lines


def next_said(records: Sequence[Record], cut: Cut) -> str | None:
    """The first thing that was said after a cut: it happened before that."""
    later = (record for record in records[cut.after :] if record.did is Did.NOTE)
    found = next(later, None)
    return None if found is None else found.data.decode()


def _says(line: bytes, promises: Sequence[str]) -> bool:
    return any(f'"word": "{word}"'.encode() in line for word in promises)
