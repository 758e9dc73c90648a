"""A hub obeys only its own cloud's newest word, and never invents a shrink that no document names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.holding import (
    Accepted,
    FixedWindows,
    Held,
    HeldEntitlement,
    Refused,
    Repeated,
    judge,
    still_in_force,
    visible_horizon,
)
from backsight_shared.entitlement import CameraEntitlement, Entitlement, UploadPolicy
from backsight_shared.window import WindowStep

CLOUD, HUB = "cloud-1", "hub-1"
DOOR, YARD = "74fece010203", "74fece010204"
HOUR_MS = 3_600_000


def camera(hours: int = 12, upload: UploadPolicy = "all") -> CameraEntitlement:
    return CameraEntitlement("free", (WindowStep(0, hours * HOUR_MS),), upload)


def document(
    serial: int,
    cameras: dict[str, CameraEntitlement] | None = None,
    *,
    issuer: str = CLOUD,
    hub: str = HUB,
) -> Entitlement:
    return Entitlement(issuer, hub, serial, 1000, 1000, {DOOR: camera()} if cameras is None else cameras)


def held(serial: int, cameras: dict[str, CameraEntitlement]) -> Held:
    return Held(document(serial, cameras), f"document {serial}")


def a_hub() -> HeldEntitlement:
    return HeldEntitlement(CLOUD, HUB, ())


def test_the_first_document_is_accepted() -> None:
    assert judge(document(1), None, CLOUD, HUB) == Accepted(document(1))


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        (document(6, issuer="cloud-2"), "issued by 'cloud-2'"),
        (document(6, hub="hub-2"), "for hub 'hub-2'"),
        (document(4), "serial 4 is not higher"),
        (document(5, {YARD: camera()}), "something else under the serial that is held"),
    ],
)
def test_anything_but_a_newer_document_of_ours_is_refused_with_the_reason(
    offered: Entitlement, reason: str
) -> None:
    verdict = judge(offered, document(5), CLOUD, HUB)
    assert isinstance(verdict, Refused)
    assert reason in verdict.reason


def test_the_held_document_again_is_a_repetition() -> None:
    assert judge(document(5), document(5), CLOUD, HUB) == Repeated()


def test_accepting_changes_nothing_until_it_is_obeyed() -> None:
    hub = a_hub()
    assert hub.accept(document(1)) == Accepted(document(1))
    assert hub.steps(DOOR) is None
    assert not hub.changed.is_set()


def test_obeying_says_that_something_changed() -> None:
    hub = a_hub()
    hub.obey(held(1, {DOOR: camera(48)}))
    assert hub.steps(DOOR) == camera(48).windows
    assert hub.serial == 1
    assert hub.changed.is_set()


def test_a_camera_that_no_document_named_has_no_steps() -> None:
    hub = a_hub()
    hub.obey(held(1, {DOOR: camera()}))
    assert hub.steps(YARD) is None


def test_a_camera_that_is_no_longer_named_keeps_its_last_steps_and_is_not_uploaded() -> None:
    hub = a_hub()
    hub.obey(held(1, {DOOR: camera(12), YARD: camera(48)}))
    hub.obey(held(2, {DOOR: camera(24)}))
    assert hub.steps(YARD) == camera(48).windows
    assert hub.upload(YARD) is None
    assert hub.steps(DOOR) == camera(24).windows


def test_the_upload_policy_is_the_newest_documents() -> None:
    hub = a_hub()
    hub.obey(held(1, {DOOR: camera(upload="all")}))
    hub.obey(held(2, {DOOR: camera(upload="off")}))
    assert hub.upload(DOOR) == "off"


def test_only_documents_that_are_the_last_word_on_a_camera_are_kept() -> None:
    first, second = held(1, {DOOR: camera(), YARD: camera()}), held(2, {DOOR: camera()})
    third = held(3, {DOOR: camera()})
    assert still_in_force((first, second), third) == (first, third)
    assert still_in_force((first, third), held(4, {DOOR: camera(), YARD: camera()})) == (
        held(4, {DOOR: camera(), YARD: camera()}),
    )


names = st.sets(st.sampled_from(["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"]))


@given(st.lists(names, min_size=1, max_size=12))
def test_what_is_kept_gives_the_same_steps_after_a_restart(named: list[set[str]]) -> None:
    before, kept = a_hub(), ()
    for serial, cameras in enumerate(named, start=1):
        newest = held(serial, {camera_id: camera(serial) for camera_id in cameras})
        kept = before.with_newest(newest)
        before.obey(newest)
    after = a_hub()
    for one in kept:
        assert isinstance(after.accept(one.entitlement), Accepted)
        after.obey(one)
    everyone = set().union(*named)
    assert [after.steps(one) for one in everyone] == [before.steps(one) for one in everyone]
    assert all(before.steps(one) is not None for one in everyone)
    assert after.serial == before.serial
    assert len(kept) <= len(everyone) + 1


@given(st.lists(st.integers(1, 20), max_size=30))
def test_the_serial_held_never_goes_back(serials: list[int]) -> None:
    hub = a_hub()
    for serial in serials:
        before = hub.serial
        if isinstance(hub.accept(document(serial)), Accepted):
            hub.obey(Held(document(serial), ""))
        assert hub.serial == max(before, serial)


def test_a_hub_without_a_cloud_has_one_window_for_its_cameras_and_none_for_others() -> None:
    windows = FixedWindows(12 * HOUR_MS, [DOOR])
    assert windows.steps(DOOR) == (WindowStep(0, 12 * HOUR_MS),)
    assert windows.steps(YARD) is None


@pytest.mark.parametrize(
    ("reached", "now", "expected"),
    [
        (None, 20 * HOUR_MS, 8 * HOUR_MS),
        (9 * HOUR_MS, 20 * HOUR_MS, 9 * HOUR_MS),
        (3 * HOUR_MS, None, 3 * HOUR_MS),
        (None, None, None),
    ],
)
def test_reading_is_masked_beyond_what_pruning_reached_only_by_a_trusted_clock(
    reached: int | None, now: int | None, expected: int | None
) -> None:
    assert visible_horizon(FixedWindows(12 * HOUR_MS, [DOOR]), DOOR, reached, now) == expected


def test_without_an_entitlement_reading_is_masked_by_what_pruning_reached() -> None:
    assert visible_horizon(a_hub(), DOOR, 5, 20 * HOUR_MS) == 5
