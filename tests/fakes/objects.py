"""Objects in memory: real bytes, the same contract as the folder."""

from collections.abc import AsyncIterator, Sequence

from backsight_cloud.ports import Found, ObjectMissing

CHUNK_BYTES = 4  # small on purpose: what reads a whole object in one chunk is wrong


class FakeObjects:
    """Implements the ports `Objects` and `Receiving`.

    `undeletable` are keys that stay, and are said to; `lies_about` those that are said to be gone, and stay.
    Every object was changed at `changed_ms`; every address is permitted until the end of time.
    """

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.undeletable: set[str] = set()
        self.lies_about: set[str] = set()
        self.changed_ms = 0
        self.fails_with: Exception | None = None

    async def put(self, key: str, data: bytes) -> None:
        self._fail()
        self.held[key] = data

    async def get(self, key: str) -> AsyncIterator[bytes]:
        self._fail()
        if key not in self.held:
            raise ObjectMissing(f"there is no object {key}")
        data = self.held[key]
        for start in range(0, len(data), CHUNK_BYTES):
            yield data[start : start + CHUNK_BYTES]

    async def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        self._fail()
        return {key: len(self.held[key]) for key in keys if key in self.held}

    async def delete(self, keys: Sequence[str]) -> Sequence[str]:
        self._fail()
        gone = [key for key in keys if key not in self.undeletable]
        for key in set(gone) - self.lies_about:
            self.held.pop(key, None)
        return gone

    async def walk(self) -> AsyncIterator[Sequence[Found]]:
        self._fail()
        listed = [Found(key, len(data), self.changed_ms) for key, data in self.held.items()]
        for start in range(0, len(listed), 2):
            yield listed[start : start + 2]

    def put_address(self, key: str, size_bytes: int, expires_ms: int) -> str:
        return f"/v1/objects/{key}?size={size_bytes}&expires={expires_ms}&signature=fake"

    def permits(self, key: str, size_bytes: int, expires_ms: int, signature: str) -> bool:
        return signature == "fake"

    def _fail(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with
