"""A seed plans the same again, and every step gets its turn."""

from faulting.planning import cloud_death, hub_round, windows
from faulting.vitals import slope

STEPS = ("erased", "fragment written", "renamed")


def test_the_same_seed_plans_the_same() -> None:
    def plan(seed: int) -> list[str]:
        return [str(hub_round(seed, number, STEPS, STEPS)) for number in range(50)]

    assert plan(7) == plan(7)
    assert plan(7) != plan(8)


def test_every_step_is_died_at() -> None:
    deaths = {hub_round(1, number, STEPS, ()).death.step for number in range(len(STEPS))}
    assert deaths == set(STEPS)
    assert {cloud_death(1, number, STEPS).step for number in range(len(STEPS))} == set(STEPS)


def test_windows_shrink_and_grow_but_never_overlap() -> None:
    planned = windows(3, ["74fece010203"], 1_000_000_000, 10_000_000)["74fece010203"]
    assert [step[0] for step in planned] == sorted({step[0] for step in planned})
    assert len({step[1] for step in planned}) > 2


def test_a_flat_line_has_no_slope_and_a_rising_one_has() -> None:
    assert slope([(float(x), 5.0) for x in range(10)]) == 0.0
    assert slope([(float(x), 2.0 * x + 1) for x in range(10)]) == 2.0
