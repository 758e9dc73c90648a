"""Objects are opaque bytes: whole or not there, durable when put returns, gone when delete says so."""

from pathlib import Path

import pytest

from backsight_cloud.adapters.objects import FolderObjects
from backsight_cloud.ports import ObjectMissing, Objects
from fakes.clock import FakeClock
from fakes.objects import FakeObjects

KEY, OTHER = "anna/74fece010203/20261124/1795521600000.m4s", "anna/74fece010203/20261124/1795521610000.m4s"
BYTES = bytes(range(256)) * 4096  # one MB: several chunks


@pytest.fixture(params=["fake", "folder"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "fake":
        return FakeObjects()
    return FolderObjects(tmp_path / "media", b"key", FakeClock())


async def read(objects: Objects, key: str) -> bytes:
    return b"".join([chunk async for chunk in objects.get(key)])


async def test_what_was_put_comes_back(objects: Objects) -> None:
    await objects.put(KEY, BYTES)
    assert await read(objects, KEY) == BYTES


async def test_it_comes_in_chunks(objects: Objects) -> None:
    await objects.put(KEY, BYTES)
    assert max([len(chunk) async for chunk in objects.get(KEY)]) <= 256 * 1024


async def test_putting_again_replaces_it(objects: Objects) -> None:
    await objects.put(KEY, b"first")
    await objects.put(KEY, b"second")
    assert await read(objects, KEY) == b"second"


async def test_a_missing_object_is_missing(objects: Objects) -> None:
    with pytest.raises(ObjectMissing):
        await read(objects, KEY)


async def test_sizes_are_of_those_that_exist(objects: Objects) -> None:
    await objects.put(KEY, BYTES)
    assert await objects.sizes([KEY, OTHER, "bert/none"]) == {KEY: len(BYTES)}
    assert await objects.sizes([]) == {}


async def test_deleting_says_what_is_gone_also_of_what_never_was(objects: Objects) -> None:
    await objects.put(KEY, BYTES)
    assert sorted(await objects.delete([KEY, OTHER])) == [KEY, OTHER]
    assert await objects.sizes([KEY]) == {}


async def test_deleting_nothing_does_nothing(objects: Objects) -> None:
    assert list(await objects.delete([])) == []


async def test_every_object_is_listed_once_with_its_size(objects: Objects) -> None:
    keys = [f"anna/74fece010203/20261124/{1795521600000 + at * 10_000}.m4s" for at in range(5)]
    for size, key in enumerate(keys, start=1):
        await objects.put(key, b"s" * size)
    listed = [found async for page in objects.walk() for found in page]
    assert sorted((found.key, found.size_bytes) for found in listed) == list(
        zip(keys, range(1, 6), strict=True)
    )


async def test_what_was_deleted_is_not_listed(objects: Objects) -> None:
    await objects.put(KEY, BYTES)
    await objects.delete([KEY])
    assert [found async for page in objects.walk() for found in page] == []


async def test_an_address_names_the_object_its_size_and_its_end(objects: Objects) -> None:
    address = objects.put_address(KEY, 100, 2000)
    assert address.startswith(f"/v1/objects/{KEY}?size=100&expires=2000&signature=")
