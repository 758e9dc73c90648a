"""How far back a history reaches follows from plan and model; steps never rewrite what was in force."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_cloud.config import PlansSettings, Settings
from backsight_cloud.domain.entitling import EntitledCamera, changed, changed_to, entitlement
from backsight_cloud.domain.plans import PLANS, Catalogue, plain_model
from backsight_shared.settings import settings_from
from backsight_shared.window import WindowStep, horizon, in_force

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SPOT = ("KC100", "KC105", "KC110", "KC115", "KC400", "KC401", "KC410S", "KC411S", "EC60", "EC70", "EC71")
CAM = ("KC120", "KC200", "KC300", "KC310", "KC420WS", "KD110", "C210", "C100", "D230")
BUILT_IN = Settings(state=Path("state")).catalogue


@pytest.mark.parametrize(
    ("model", "window_ms"),
    [
        *(
            (m, 12 * HOUR_MS)
            for m in [
                "KC100",
                "KC105",
                "KC110",
                "KC115",
                "KC400",
                "KC401",
                "KC410S",
                "KC411S",
                "EC60",
                "EC70",
                "EC71",
            ]
        ),
        *(
            (m, 2 * DAY_MS)
            for m in ["KC120", "KC200", "KC300", "KC310", "KC420WS", "KD110", "C210", "C100", "D230"]
        ),
        ("EC60(US)", 12 * HOUR_MS),
        ("ec60", 12 * HOUR_MS),
        ("NEVER-SEEN", 2 * DAY_MS),
        ("", 2 * DAY_MS),
    ],
)
def test_the_free_window_follows_the_model(model: str, window_ms: int) -> None:
    assert BUILT_IN.window_ms("free", model) == window_ms


def test_paid_plans_have_their_windows_for_every_model() -> None:
    assert {BUILT_IN.window_ms("plus", model) for model in ("EC60", "C210", "?")} == {14 * DAY_MS}
    assert {BUILT_IN.window_ms("premium", model) for model in ("EC60", "C210", "?")} == {30 * DAY_MS}


def test_a_paid_plan_is_never_worse_than_the_free_one() -> None:
    odd = Catalogue(free={"X": 100}, unknown=100, plus=10, premium=20)
    assert {odd.window_ms(plan, "X") for plan in PLANS} == {100}


def test_settings_change_single_models_and_keep_the_others() -> None:
    text = '[free]\ndefault_window = "30s"\n[free.windows]\nec60 = "20s"\n[plus]\nwindow = "60s"\n'
    plans = settings_from(PlansSettings, text, Path("cloud.toml"))
    catalogue = Settings(state=Path("state"), plans=plans).catalogue
    assert catalogue.window_ms("free", "EC60") == 20_000
    assert catalogue.window_ms("free", "KC100") == 12 * HOUR_MS
    assert catalogue.window_ms("free", "?") == 30_000
    assert catalogue.window_ms("plus", "EC60") == 60_000


def test_an_unknown_model_is_marked_as_such() -> None:
    assert BUILT_IN.knows("EC60(US)")
    assert not BUILT_IN.knows("")


def test_models_are_compared_without_region_and_case() -> None:
    assert plain_model(" c210(EU) ") == "C210"


def test_a_change_adds_a_step_at_its_moment() -> None:
    steps = (WindowStep(0, 100),)
    assert changed_to(steps, 500, 50) == (WindowStep(0, 100), WindowStep(50, 500))


def test_the_same_window_again_changes_nothing() -> None:
    steps = (WindowStep(0, 100), WindowStep(50, 500))
    assert changed_to(steps, 500, 70) == steps


def test_a_second_change_within_the_same_millisecond_does_not_rewrite_the_first() -> None:
    steps = changed_to((WindowStep(0, 1000),), 100, 5000)
    assert changed_to(steps, 1000, 5000)[-2:] == (WindowStep(5000, 100), WindowStep(5001, 1000))


def test_a_known_future_is_kept_until_the_next_change() -> None:
    steps = changed((WindowStep(0, 100),), [WindowStep(50, 500), WindowStep(900, 100)], 50)
    assert steps == (WindowStep(0, 100), WindowStep(50, 500), WindowStep(900, 100))
    assert changed_to(steps, 500, 60) == (WindowStep(0, 100), WindowStep(50, 500))


def test_steps_that_decide_nothing_any_more_are_dropped() -> None:
    steps: tuple[WindowStep, ...] = (WindowStep(0, 100),)
    for moment in range(1000, 100_000, 1000):
        steps = changed_to(steps, 100 + moment % 2000, moment)
    assert len(steps) < 5


CHANGES = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([50, 100, 400, 1500])), min_size=1, max_size=12
)


@given(CHANGES)
def test_at_every_instant_the_steps_say_which_window_was_in_force(changes: list[tuple[int, int]]) -> None:
    """What compacting dropped is no longer said; what is still said, is true."""
    steps: tuple[WindowStep, ...] = (WindowStep(0, 100),)
    now_ms, force = 0, {0: 100}
    for wait_ms, window_ms in changes:
        for instant in range(now_ms + 1, now_ms + wait_ms + 2):
            force[instant] = force[instant - 1]
        now_ms += wait_ms + 1
        steps = changed_to(steps, window_ms, now_ms)
        force[now_ms] = window_ms
    for instant in range(steps[0].from_ms, now_ms + 1):
        step = in_force(steps, instant)
        assert step is not None
        assert step.window_ms == force[instant]


@given(CHANGES)
def test_the_horizon_is_that_of_the_whole_past_now_and_later(changes: list[tuple[int, int]]) -> None:
    steps: tuple[WindowStep, ...] = (WindowStep(0, 100),)
    whole, now_ms = [WindowStep(0, 100)], 0
    for wait_ms, window_ms in changes:
        now_ms += wait_ms + 1
        steps = changed_to(steps, window_ms, now_ms)
        whole.append(WindowStep(now_ms, window_ms))
    for moment in (now_ms, now_ms + 1, now_ms + 70, now_ms + 3000):
        assert horizon(steps, None, moment) == horizon(whole, None, moment)


def test_a_document_names_every_camera_that_has_a_step() -> None:
    cameras = [
        EntitledCamera("000000000001", "plus", "all", (WindowStep(5, 1000),)),
        EntitledCamera("000000000002", "free", "off", ()),
    ]
    document = entitlement("cloud", "h1", 7, 99, cameras)
    assert list(document.cameras) == ["000000000001"]
    assert (document.issuer, document.hub, document.serial) == ("cloud", "h1", 7)
    assert document.issued_at_ms == document.cloud_time_ms == 99
