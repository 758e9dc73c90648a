"""Spoils bytes as bad firmware, bad Wi-Fi or an attacker would: the same seed spoils them in the same way."""

import random
import re
from collections.abc import Callable

MOST_FLIPS = 40
LONGEST_NOISE = 200_000  # bytes
ABSURD = (
    b"-1",
    b"0",
    b"1",
    b"99999999999999999999",
    b"4294967296",
    b"2147483647",
    b"-9223372036854775808",
    b"1e308",
    b"nan",
    b"0x7fffffff",
    b" ",
)

Mangler = Callable[[bytes, random.Random], bytes]

_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
_HEADS = re.compile(rb"[\x20-\x7e\r\n]{40,}")  # what reads like header lines


def mangled(data: bytes, chance: random.Random) -> bytes:
    """`data` spoiled in one to three of the ways below."""
    for mangler in chance.choices(MANGLERS, k=chance.randint(1, 3)):
        data = mangler(data, chance)
    return data


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    """Some bits anywhere."""
    spoiled = bytearray(data)
    for _ in range(chance.randint(1, MOST_FLIPS) if data else 0):
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
    return bytes(spoiled)


def cut_out(data: bytes, chance: random.Random) -> bytes:
    """A stretch is missing."""
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randint(1, 5_000) :]


def break_off(data: bytes, chance: random.Random) -> bytes:
    """The rest never comes."""
    return data[: chance.randrange(len(data) + 1)]


def repeat(data: bytes, chance: random.Random) -> bytes:
    """A stretch comes twice."""
    start = chance.randrange(len(data) + 1)
    end = start + chance.randint(1, 5_000)
    return data[:end] + data[start:end] + data[end:]


def insert_noise(data: bytes, chance: random.Random) -> bytes:
    """Random bytes in between."""
    start = chance.randrange(len(data) + 1)
    return data[:start] + chance.randbytes(chance.randint(1, LONGEST_NOISE)) + data[start:]


def only_noise(data: bytes, chance: random.Random) -> bytes:
    """Nothing else at all."""
    return chance.randbytes(chance.randint(1, LONGEST_NOISE))


def absurd_numbers(data: bytes, chance: random.Random) -> bytes:
    """Lengths, times and counts in header lines that cannot be."""
    heads = list(_HEADS.finditer(data))
    for head in sorted(chance.sample(heads, min(len(heads), 3)), key=lambda one: -one.start()):
        numbers = list(_NUMBER.finditer(head[0]))
        if numbers:
            number = chance.choice(numbers)
            start, end = head.start() + number.start(), head.start() + number.end()
            data = data[:start] + chance.choice(ABSURD) + data[end:]
    return data


def endless_line(data: bytes, chance: random.Random) -> bytes:
    """A header line that does not end."""
    start = chance.randrange(len(data) + 1)
    return data[:start] + b"X-Long: " + b"a" * chance.randint(1_000, LONGEST_NOISE) + data[start:]


MANGLERS: tuple[Mangler, ...] = (
    flip_bits,
    cut_out,
    break_off,
    repeat,
    insert_noise,
    only_noise,
    absurd_numbers,
    endless_line,
)
