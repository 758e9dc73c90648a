"""Hashes passwords with argon2id, two at a time: each takes 64 MiB and a tenth of a second."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backsight_shared.errors import TryLater

AT_ONCE = 2
MOST_WAITING = 40  # about two seconds of work; whoever comes then is asked to come again

T = TypeVar("T")


class PasswordsBusy(TryLater):
    """Too many people sign in at this moment."""


class ArgonPasswords:
    """Implements the port `Passwords`."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._hasher = PasswordHasher()
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._in_pool(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str, password: str) -> bool:
        return await self._in_pool(lambda: self._fits(password_hash, password))

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_pool(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise PasswordsBusy("too many people sign in at this moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


@asynccontextmanager
async def open_passwords() -> AsyncIterator[ArgonPasswords]:
    """The pool's threads end with the block."""
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
    try:
        yield ArgonPasswords(pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
