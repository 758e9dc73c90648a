"""The scenes: places where nothing moves, however much it changes, and people who cross."""

from scenes.painting import HEIGHT, WIDTH, Scene, Walker

QUIET_S = 60
CROSSING_S = 50
FIRST_S, SECOND_S = 16.0, 34.0  # when somebody comes: the detector has seen the place for a while


def _lamp(at_s: float) -> float:
    return 70.0 if 15.3 <= at_s < 30.7 or at_s >= 45.1 else 0.0


def _twice(
    name: str, takes_s: float, height: float, *, to: float = 1.0, level: float = 1.0, noise: float = 2.0
) -> Scene:
    """Across the picture from left to right, then back; `to`: how far of the way."""
    width, feet = height * 0.35, HEIGHT - 80 if height > 200 else HEIGHT * 0.6
    there, far = -width, -width + to * (WIDTH + width)
    walkers = (
        Walker(FIRST_S, FIRST_S + takes_s, there, far, feet, height),
        Walker(SECOND_S, SECOND_S + takes_s, far, there, feet, height),
    )
    return Scene(name, CROSSING_S, walkers, noise=noise, level=level)


SCENES = (
    Scene("day", QUIET_S),
    Scene("night noise", QUIET_S, noise=9.0, level=0.35),
    Scene("rain", QUIET_S, rain=150),
    Scene("lamp switched", QUIET_S, lamp=_lamp),
    Scene("sunrise", QUIET_S, level=0.5, light=lambda at_s: 1.0 + at_s / QUIET_S),
    Scene("swaying tree", QUIET_S, tree=24.0),
    _twice("crossing near slow", 8.0, 700),
    _twice("crossing near fast", 1.4, 700),
    _twice("crossing far slow", 12.0, 90),
    _twice("crossing far fast", 4.0, 90),
    _twice("at the edge", 3.0, 300, to=0.12),
    _twice("crossing at night", 8.0, 500, level=0.35, noise=9.0),
    Scene(
        "comes and stays",
        CROSSING_S,
        (Walker(FIRST_S, FIRST_S + 4, -200, 900, HEIGHT - 80, 500, stays_s=CROSSING_S),),
    ),
)
