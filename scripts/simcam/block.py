"""A block of loopback addresses of our own, 127.x.y.0/24, so that two runs never meet."""

import random
import socket
from itertools import count

CLAIM_HOST, CLAIM_PORT = 254, 9999  # a bound UDP socket there says: this block is taken
FIRST_HOST, LAST_HOST = 11, 250
TRIES = 200


class NoFreeBlock(Exception):
    """The block that was asked for is in use by another run, or none was found."""


class Block:
    """A claimed block; it hands out addresses and MACs, and is free again after `release`."""

    def __init__(self, prefix: str, claim: socket.socket) -> None:
        self.prefix = prefix
        self._claim = claim
        self._hosts = count(FIRST_HOST)

    def next_address(self) -> str:
        """An address that no camera of the block had before."""
        host = next(self._hosts)
        if host > LAST_HOST:
            raise NoFreeBlock(f"every address of {self.prefix}.0/24 has been used")
        return f"{self.prefix}.{host}"

    def mac(self, maker: str, number: int) -> str:
        """A MAC with the maker's prefix that differs from run to run as the blocks do."""
        _, high, low = self.prefix.split(".")
        return f"{maker}:{int(high):02X}:{int(low):02X}:{number:02X}"

    def release(self) -> None:
        """Let another run have it."""
        self._claim.close()


def claim_block(prefix: str | None = None) -> Block:
    """The block that is asked for ("127.x.y"), or any free one."""
    prefixes = [prefix] if prefix else [_any_prefix() for _ in range(TRIES)]
    for candidate in prefixes:
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"{candidate}.{CLAIM_HOST}", CLAIM_PORT))
        except OSError:
            claim.close()
        else:
            return Block(candidate, claim)
    raise NoFreeBlock(f"{prefix or 'every block that was tried'} is in use by another run")


def _any_prefix() -> str:
    """127.0.* stays free: people and other programs use it."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
