"""A camera belongs to the account of the hub that reports it first, and every window step has its reason."""

from pathlib import Path

import pytest

from backsight_cloud.domain.records import Camera, Hub
from backsight_cloud.services.cameras import CameraTaken, NoSuchCamera, UnknownPlan
from backsight_cloud.services.pairing import NoSuchHub
from backsight_shared.errors import Malformed
from backsight_shared.window import WindowStep
from backsight_shared.wire import CameraAnswer, CameraReport, CamerasReport
from fakes.town import Town

DOOR = "74fece010203"
KNOWN, UNKNOWN, PLUS = 12_000, 48_000, 300_000  # windows in the town's catalogue


@pytest.fixture
async def town(tmp_path: Path) -> Town:
    town = await Town(tmp_path).founded()
    await town.due()
    return town


def door(model: str = "EC60", name: str = "Door", mac: str = DOOR) -> CameraReport:
    return CameraReport(mac, name, model, "4.0", "2.3.22")


async def report(town: Town, hub: Hub, *cameras: CameraReport) -> tuple[CameraAnswer, ...]:
    return (await town.cameras.report(hub, CamerasReport(cameras))).cameras


async def camera(town: Town, identity: str = DOOR) -> Camera:
    async with town.database.read() as view:
        found = await view.cameras.camera(identity)
    assert found is not None
    return found


async def steps(town: Town, identity: str = DOOR) -> tuple[WindowStep, ...]:
    async with town.database.read() as view:
        return await view.cameras.steps(identity)


async def test_a_new_camera_is_bound_on_the_free_plan_from_now_on(town: Town) -> None:
    assert await report(town, town.ann_hub, door()) == (CameraAnswer(DOOR, accepted=True),)
    bound = await camera(town)
    assert (bound.account, bound.hub, bound.plan, bound.upload) == ("ann", town.ann_hub.id, "free", "all")
    assert (bound.name, bound.model, bound.hardware, bound.firmware) == ("Door", "EC60", "4.0", "2.3.22")
    assert await steps(town) == (WindowStep(town.clock.now_ms(), KNOWN),)


async def test_its_hub_gets_a_document_and_the_workers_look(town: Town) -> None:
    await report(town, town.ann_hub, door())
    assert await town.due() == {town.ann_hub.id}
    assert town.wakes.prune.is_set()
    assert town.wakes.publish.is_set()


async def test_the_same_report_again_changes_nothing(town: Town) -> None:
    await report(town, town.ann_hub, door())
    await town.due()
    before = await camera(town), await steps(town)
    town.clock.jump(5000)
    await report(town, town.ann_hub, door())
    assert (await camera(town), await steps(town)) == before
    assert await town.due() == set()


async def test_the_mac_may_have_any_form(town: Town) -> None:
    await report(town, town.ann_hub, door(mac="74:FE:CE:01:02:03"))
    assert (await camera(town)).name == "Door"


async def test_another_accounts_camera_is_not_taken_and_not_named(town: Town) -> None:
    await report(town, town.ann_hub, door())
    (answer,) = await report(town, town.bob_hub, door(name="Mine"))
    assert not answer.accepted
    assert "another account" in answer.reason
    assert not {"ann", "Door", town.ann_hub.id} & set(answer.reason.split())
    assert (await camera(town)).account == "ann"


async def test_one_refused_camera_does_not_stop_the_others(town: Town) -> None:
    await report(town, town.ann_hub, door())
    answers = await report(town, town.bob_hub, door(), door(mac="74fece010204"))
    assert [answer.accepted for answer in answers] == [False, True]


async def test_a_camera_follows_to_another_hub_of_its_account(town: Town) -> None:
    await report(town, town.ann_hub, door())
    await town.due()
    second = await town.new_hub("ann")
    await town.due()
    await report(town, second, door())
    assert (await camera(town)).hub == second.id
    assert await town.due() == {town.ann_hub.id, second.id}


async def test_an_unknown_model_has_the_longest_free_window(town: Town) -> None:
    await report(town, town.ann_hub, door(model=""))
    assert (await steps(town))[-1].window_ms == UNKNOWN


async def test_a_model_that_becomes_known_gets_its_own_window(town: Town) -> None:
    await report(town, town.ann_hub, door(model=""))
    await town.due()
    town.clock.jump(60_000)
    await report(town, town.ann_hub, door())
    assert (await steps(town))[-1] == WindowStep(town.clock.now_ms(), KNOWN)
    assert await town.due() == {town.ann_hub.id}


async def test_a_known_model_that_changes_never_shrinks_the_window(town: Town) -> None:
    await report(town, town.ann_hub, door(model="C210"))
    town.clock.jump(60_000)
    await report(town, town.ann_hub, door(model="EC60"))
    assert [step.window_ms for step in await steps(town)] == [48_000]
    assert (await camera(town)).model == "EC60"


async def test_a_known_model_that_changes_may_grow_the_window(town: Town) -> None:
    await report(town, town.ann_hub, door(model="EC60"))
    town.clock.jump(60_000)
    await report(town, town.ann_hub, door(model="C210"))
    assert (await steps(town))[-1].window_ms == 48_000


async def test_a_camera_that_is_not_reached_keeps_what_is_known_of_it(town: Town) -> None:
    await report(town, town.ann_hub, door())
    await report(town, town.ann_hub, CameraReport(DOOR, "Door", ""))
    assert (await camera(town)).model == "EC60"
    assert (await camera(town)).firmware == "2.3.22"


async def test_a_new_name_is_followed(town: Town) -> None:
    await report(town, town.ann_hub, door())
    await report(town, town.ann_hub, door(name="Gate\x07 "))
    assert (await camera(town)).name == "Gate"


@pytest.mark.parametrize("mac", ["", "74fece", "not a mac", "74fece01020g", "../../../../"])
async def test_a_report_without_a_real_mac_is_refused_whole(town: Town, mac: str) -> None:
    with pytest.raises(Malformed, match="is not a MAC"):
        await report(town, town.ann_hub, door(), door(mac=mac))
    async with town.database.read() as view:
        assert not await view.cameras.all_cameras()


async def test_a_hub_cannot_have_endless_cameras(town: Town) -> None:
    with pytest.raises(Malformed, match="at most 64"):
        await report(town, town.ann_hub, *(door(mac=f"{number:012x}") for number in range(65)))


async def test_a_plan_change_adds_one_step_now(town: Town) -> None:
    await report(town, town.ann_hub, door())
    began_ms = town.clock.now_ms()
    await town.due()
    town.wakes.prune.clear()
    town.wakes.publish.clear()
    town.clock.jump(5000)
    assert (await town.cameras.set_plan(DOOR, "plus")).plan == "plus"
    assert await steps(town) == (WindowStep(began_ms, KNOWN), WindowStep(began_ms + 5000, PLUS))
    assert await town.due() == {town.ann_hub.id}
    assert town.wakes.prune.is_set()
    assert town.wakes.publish.is_set()


async def test_an_unknown_plan_is_refused_with_those_that_exist(town: Town) -> None:
    await report(town, town.ann_hub, door())
    with pytest.raises(UnknownPlan, match="free, plus, premium"):
        await town.cameras.set_plan(DOOR, "gold")


async def test_an_unknown_camera_has_no_plan(town: Town) -> None:
    with pytest.raises(NoSuchCamera):
        await town.cameras.set_plan(DOOR, "plus")


async def test_a_camera_can_be_added_by_hand(town: Town) -> None:
    added = await town.cameras.add(town.ann_hub.id, "ann", "74-FE-CE-01-02-03", "Door", "EC60")
    assert (added.id, added.account, added.model) == (DOOR, "ann", "EC60")


async def test_adding_by_hand_needs_a_paired_hub_of_the_account(town: Town) -> None:
    with pytest.raises(NoSuchHub):
        await town.cameras.add(town.bob_hub.id, "ann", DOOR, "Door", "EC60")


async def test_adding_another_accounts_camera_by_hand_is_refused(town: Town) -> None:
    await report(town, town.bob_hub, door())
    with pytest.raises(CameraTaken):
        await town.cameras.add(town.ann_hub.id, "ann", DOOR, "Door", "EC60")
