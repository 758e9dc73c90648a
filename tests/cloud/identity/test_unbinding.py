"""A camera that leaves its account is erased in the cloud at once; nothing of before comes back with it."""

from pathlib import Path

import pytest

from backsight_cloud.domain.records import Camera, Extent
from backsight_cloud.services.cameras import NoSuchCamera
from backsight_cloud.services.ingest import Ingest
from backsight_cloud.services.offers import NotBoundYet
from backsight_cloud.services.unbinding import CameraUnbinding
from backsight_shared.segment import Run
from backsight_shared.wire import Batch, CameraReport, CamerasReport, RunOffer
from fakes.household import a_run, an_event, segments_of
from fakes.objects import FakeObjects
from fakes.town import Town

DOOR = "74fece010203"
REPORT = CamerasReport((CameraReport(DOOR, "Door", "EC60"),))


class Leaving:
    """Ann's hub has a camera, recorded for half a minute; the camera's window is twelve seconds."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.run: Run = a_run(town.clock.now_ms())
        self.unbinding = CameraUnbinding(town.database, town.wakes, town.clock)
        self.ingest = Ingest(town.database, FakeObjects(), town.clock, town.wakes)

    async def recorded(self) -> "Leaving":
        await self.town.cameras.report(self.town.ann_hub, REPORT)
        async with self.town.database.begin() as tx:
            await tx.footage.add_run("ann", self.run, 4)
            await tx.footage.add_segments("ann", segments_of(self.run))
            await tx.events.note("ann", [an_event()])
        await self.town.clock.advance(30)
        return self

    async def camera(self) -> Camera | None:
        async with self.town.database.read() as tx:
            return await tx.cameras.camera(DOOR)


@pytest.fixture
async def leaving(tmp_path: Path) -> Leaving:
    return await Leaving(await Town(tmp_path).founded()).recorded()


async def test_it_is_said_first_how_much_would_go(leaving: Leaving) -> None:
    camera, extent = await leaving.unbinding.preview(DOOR)
    assert (camera.id, extent) == (DOOR, Extent(3, 300, leaving.run.run_ms, leaving.run.run_ms + 30_000, 1))
    assert await leaving.camera() is not None


async def test_everything_goes_with_a_line_of_the_ledger_that_stays(leaving: Leaving) -> None:
    assert (await leaving.unbinding.unbind(DOOR)).count == 3
    assert await leaving.camera() is None
    async with leaving.town.database.read() as tx:
        assert await tx.footage.have_segments(segments_of(leaving.run)) == set()
        assert await tx.events.between("ann", DOOR, 0, 2**50, None) == []
        lines = await tx.footage.erasures("ann", DOOR, 9)
    assert [(line.reason, line.count) for line in lines] == [("unbound", 3)]


async def test_its_hub_hears_of_it(leaving: Leaving) -> None:
    await leaving.town.due()
    await leaving.unbinding.unbind(DOOR)
    assert await leaving.town.due() == {leaving.town.ann_hub.id}


async def test_what_its_hub_still_brings_is_not_taken(leaving: Leaving) -> None:
    await leaving.unbinding.unbind(DOOR)
    batch = Batch((RunOffer(leaving.run, 4),), tuple(segments_of(leaving.run)))
    with pytest.raises(NotBoundYet):
        await leaving.ingest.places(leaving.town.ann_hub, batch)


async def test_that_its_hub_reports_it_does_not_bring_it_back(leaving: Leaving) -> None:
    await leaving.unbinding.unbind(DOOR)
    (answer,) = (await leaving.town.cameras.report(leaving.town.ann_hub, REPORT)).cameras
    assert not answer.accepted
    assert "was removed from the account" in answer.reason
    assert await leaving.camera() is None


async def test_added_again_it_begins_anew(leaving: Leaving) -> None:
    town, left_ms = leaving.town, leaving.town.clock.now_ms()
    await leaving.unbinding.unbind(DOOR)
    await town.clock.advance(1)
    bound = await town.cameras.add(town.ann_hub.id, "ann", DOOR, "Door", "EC60")
    assert bound.reached_ms == left_ms
    places = await leaving.ingest.places(town.ann_hub, Batch((), tuple(segments_of(leaving.run))))
    assert {place.reason for place in places.segments} == {"expired"}
    (answer,) = (await town.cameras.report(town.ann_hub, REPORT)).cameras
    assert answer.accepted


async def test_another_account_may_have_it_and_sees_nothing_of_before(leaving: Leaving) -> None:
    town = leaving.town
    await leaving.unbinding.unbind(DOOR)
    (answer,) = (await town.cameras.report(town.bob_hub, REPORT)).cameras
    assert answer.accepted
    camera = await leaving.camera()
    assert camera is not None
    assert (camera.account, camera.reached_ms) == ("bob", town.clock.now_ms())
    async with town.database.read() as tx:
        assert await tx.footage.erasures("bob", DOOR, 9) == []


async def test_a_camera_that_is_none_is_complained_of(leaving: Leaving) -> None:
    with pytest.raises(NoSuchCamera):
        await leaving.unbinding.unbind("000000000000")
