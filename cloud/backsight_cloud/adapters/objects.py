"""Media in a folder, through obstore; what obstore's folder lacks is added: fsync and signed addresses.

An object is written aside, made durable, and only then appears under its name: a name never leads to half
an object, even after a power cut.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import LocalStore

from backsight_cloud.adapters.durable import (
    fsync_folders,
    fsync_path,
    fsync_way_to,
    make_folder,
    remove_empty,
    remove_stale,
)
from backsight_cloud.domain.addresses import AddressSigner
from backsight_cloud.domain.keys import is_key
from backsight_cloud.ports import Found, ObjectMissing, ObjectsUnavailable
from backsight_shared.clock import Clock

CHUNK_BYTES = 256 * 1024
PAGE = 1_000  # objects listed at a time
INCOMING = ".incoming"  # no key begins with a dot
_RENAME_TRIES = 3  # a pruner may remove the empty folder between making it and renaming into it


class FolderObjects:
    """Implements the ports `Objects` and `Receiving`. Several processes may use one folder."""

    def __init__(self, root: Path, address_key: bytes, clock: Clock) -> None:
        self._root = root.resolve()
        self._signer = AddressSigner(address_key)
        self._clock = clock
        make_folder(self._root)
        remove_stale(self._root / INCOMING)
        self._store = LocalStore(self._root)

    async def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        incoming = f"{INCOMING}/{secrets.token_hex(16)}"
        try:
            with _our_errors(key):
                await self._store.put_async(incoming, data, use_multipart=False)
                await asyncio.to_thread(fsync_path, self._root / incoming)
                await self._appear(incoming, key)
                await asyncio.to_thread(fsync_way_to, [path.parent], self._root)
        except BaseException:
            (self._root / incoming).unlink(missing_ok=True)
            raise

    async def get(self, key: str) -> AsyncIterator[bytes]:
        self._path(key)
        with _our_errors(key):
            try:
                found = await self._store.get_async(key)
            except FileNotFoundError as error:
                raise ObjectMissing(f"there is no object {key}") from error
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield chunk

    async def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        paths = {key: self._path(key) for key in keys}
        with _our_errors("sizes"):
            return await asyncio.to_thread(_durable_sizes, paths, self._root)

    async def delete(self, keys: Sequence[str]) -> Sequence[str]:
        folders = {self._path(key).parent for key in keys}
        gone = await self._delete(keys)
        with _our_errors("folders"):
            await asyncio.to_thread(fsync_folders, folders)
            await asyncio.to_thread(remove_empty, folders, self._root)
        return gone

    async def walk(self) -> AsyncIterator[Sequence[Found]]:
        """What is being put has no key yet, and is not listed."""
        with _our_errors("listing"):
            async for page in self._store.list(chunk_size=PAGE):
                yield [
                    Found(entry["path"], entry["size"], round(entry["last_modified"].timestamp() * 1000))
                    for entry in page
                    if is_key(entry["path"])
                ]

    def put_address(self, key: str, size_bytes: int, expires_ms: int) -> str:
        self._path(key)
        return self._signer.address(key, size_bytes, expires_ms)

    def permits(self, key: str, size_bytes: int, expires_ms: int, signature: str) -> bool:
        ours = is_key(key) and self._signer.is_ours(key, size_bytes, expires_ms, signature)
        return ours and self._clock.now_ms() < expires_ms

    def _path(self, key: str) -> Path:
        if not is_key(key):
            raise ValueError(f"{key!r} cannot be the name of an object")
        return self._root / key

    async def _appear(self, incoming: str, key: str) -> None:
        for tries_left in reversed(range(_RENAME_TRIES)):
            try:
                await self._store.rename_async(incoming, key)
                break
            except FileNotFoundError:
                if not tries_left:
                    raise

    async def _delete(self, keys: Sequence[str]) -> list[str]:
        """All at once; when one of them fails or never was, one by one, to know which."""
        try:
            await self._store.delete_async(list(keys))
        except (OSError, BaseError):
            return [key for key in keys if await self._is_deleted(key)]
        return list(keys)

    async def _is_deleted(self, key: str) -> bool:
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return True
        except (OSError, BaseError):
            return False
        return True


def _durable_sizes(paths: dict[str, Path], root: Path) -> dict[str, int]:
    """A name that has appeared is durable only once its folder is: whoever asks may not be who has put."""
    sizes = {}
    for key, path in paths.items():
        try:
            sizes[key] = path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            continue
    fsync_way_to({paths[key].parent for key in sizes}, root)
    return sizes


@contextmanager
def _our_errors(what: str) -> Iterator[None]:
    """Foreign errors as ours; obstore's own texts hold paths, and are only chained."""
    try:
        yield
    except (OSError, BaseError) as error:
        raise ObjectsUnavailable(f"the media folder failed at {what}: {type(error).__name__}") from error
