"""What leaves a full disk early: what the cloud has first, then the oldest, each camera to its fair share."""

from hypothesis import given
from hypothesis import strategies as st

from backsight_agent.domain.eviction import Usage, missing_bytes, next_eviction, reserve_bytes

GB = 1000**3


def usage(free_gb: float = 0.0, **cameras: float) -> Usage:
    return Usage(int(free_gb * GB), 100 * GB, {name: int(size * GB) for name, size in cameras.items()})


def test_a_twentieth_of_a_disk_is_kept_free_and_two_gigabytes_at_most() -> None:
    assert reserve_bytes(20 * GB) == GB
    assert reserve_bytes(1000 * GB) == 2 * 1024**3


def test_an_owner_may_want_another_reserve_but_not_more_than_half_the_disk() -> None:
    assert reserve_bytes(100 * GB, 7 * GB) == 7 * GB
    assert reserve_bytes(10 * GB, 7 * GB) == 5 * GB


def test_nothing_has_to_go_while_the_reserve_is_free() -> None:
    assert missing_bytes(usage(free_gb=2), 2 * GB) == 0


def test_below_the_reserve_a_hundredth_of_the_disk_goes_at_once_beyond_it() -> None:
    assert missing_bytes(usage(free_gb=1.5), 2 * GB) == GB // 2 + GB


def test_a_write_that_found_no_room_makes_some_whatever_the_disk_says() -> None:
    assert missing_bytes(usage(free_gb=50), 2 * GB, now=True) == GB


def test_what_the_cloud_has_goes_first_from_the_largest() -> None:
    eviction = next_eviction(usage(a=30, b=50), GB, ())
    assert eviction is not None
    assert (eviction.camera, eviction.uploaded_only) == ("b", True)


def test_a_camera_gives_no_more_than_what_it_has_above_its_share() -> None:
    eviction = next_eviction(usage(a=40, b=41), 10 * GB, ())
    assert eviction is not None
    assert (eviction.camera, eviction.size_bytes) == ("b", GB // 2)


def test_when_nobody_has_anything_uploaded_any_more_the_oldest_go_all_the_same() -> None:
    eviction = next_eviction(usage(a=30, b=50), GB, {("a", True), ("b", True)})
    assert eviction is not None
    assert (eviction.camera, eviction.uploaded_only) == ("b", False)


def test_a_camera_below_its_share_with_uploads_gives_before_anyone_gives_what_the_cloud_lacks() -> None:
    eviction = next_eviction(usage(a=30, b=50), GB, {("b", True)})
    assert eviction is not None
    assert (eviction.camera, eviction.uploaded_only) == ("a", True)


def test_the_newest_minutes_stay() -> None:
    assert next_eviction(usage(a=0.03, b=0.02), GB, ()) is None


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 50 * GB), max_size=6),
    st.integers(1, 20 * GB),
)
def test_room_is_made_without_end_and_without_anyone_losing_the_last(
    sizes: dict[str, int], missing: int
) -> None:
    before, exhausted = dict(sizes), set[tuple[str, bool]]()
    for _ in range(200):
        state = Usage(0, 100 * GB, before)
        eviction = next_eviction(state, missing, exhausted)
        if eviction is None or missing <= 0:
            break
        assert before[eviction.camera] - eviction.size_bytes >= state.least_bytes
        before[eviction.camera] -= eviction.size_bytes
        missing -= eviction.size_bytes
    assert missing <= 0 or all(size <= Usage(0, 100 * GB, before).least_bytes for size in before.values())


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.integers(10**8, 50 * GB), min_size=2, max_size=6
    )
)
def test_cameras_become_equal_before_the_small_ones_give(sizes: dict[str, int]) -> None:
    before, smallest = dict(sizes), min(sizes.values())
    fair = sum(sizes.values()) // len(sizes)
    while any(size > fair for size in before.values()):
        eviction = next_eviction(Usage(0, 100 * GB, before), 5 * GB, ())
        assert eviction is not None
        assert before[eviction.camera] >= max(before.values())
        before[eviction.camera] -= eviction.size_bytes
        fair = sum(before.values()) // len(before)
        if len(set(before.values())) == 1 or max(before.values()) - fair < len(before):
            break
    assert min(before.values()) == smallest
