"""What a seed plans: who dies when. The same seed plans the same, whatever the machine does."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

DAY_MS = 86_400_000
LIFE_S = (0.02, 1.4)  # real seconds of a hub's life that ends at a random instant
CLOUD_LIFE_S = (0.5, 6.0)
LONGEST_S = 3.0  # real seconds; a life whose step does not come by then dies at that instant
STEPS_OFTEN = 6  # a step is died at once out of its first so many times
CLOUD_STEPS_OFTEN = 60


@dataclass(frozen=True, slots=True)
class Death:
    """How one life ends: at a named step, or after so many real seconds."""

    after_s: float
    step: str | None = None
    nth: int = 1

    @property
    def order(self) -> tuple[str, int] | None:
        """As a life is told."""
        return (self.step, self.nth) if self.step else None

    def __str__(self) -> str:
        return f'at "{self.step}" ({self.nth})' if self.step else f"after {self.after_s:.3f} s"


@dataclass(frozen=True, slots=True)
class Round:
    """One death of the hub, those that follow while it recovers, and how long the power stays away."""

    number: int
    death: Death
    while_recovering: tuple[Death, ...] = ()
    pause_s: float = 0.0

    def __str__(self) -> str:
        more = "".join(f", again {death} of recovery" for death in self.while_recovering)
        return f"round {self.number}: the hub dies {self.death}{more}, back after {self.pause_s:.2f} s"


def hub_round(seed: int, number: int, steps: Sequence[str], recovery_steps: Sequence[str]) -> Round:
    """The plan's round of this number. With `steps` the hub dies at one of them, each in its turn."""
    chance = random.Random(f"{seed} hub {number}")
    death = Death(chance.uniform(*LIFE_S))
    if steps:
        death = Death(LONGEST_S, steps[number % len(steps)], chance.randint(1, STEPS_OFTEN))
    again: list[Death] = []
    while chance.random() < 0.2 and len(again) < 3:
        at_step = recovery_steps and chance.random() < 0.7
        step = chance.choice(list(recovery_steps)) if at_step else None
        again.append(Death(chance.uniform(0.0, 0.05), step, chance.randint(1, 2)))
    pause_s = chance.choice((0.0, 0.0, 0.0, chance.uniform(0.1, 1.0)))
    return Round(number, death, tuple(again), pause_s)


def cloud_death(seed: int, number: int, steps: Sequence[str]) -> Death:
    """How the cloud's life of this number ends. It serves for a while first: a hub must come to upload."""
    chance = random.Random(f"{seed} cloud {number}")
    if steps:
        return Death(CLOUD_LIFE_S[1], steps[number % len(steps)], chance.randint(1, CLOUD_STEPS_OFTEN))
    return Death(chance.uniform(*CLOUD_LIFE_S))


def owner_erasings(seed: int, life: int, cameras: Sequence[str]) -> list[tuple[float, str, int, int]]:
    """What the owner erases in a life of this number: after so many real seconds, of a camera, from so many
    milliseconds ago on, for so long."""
    chance = random.Random(f"{seed} owner {life}")
    count = chance.choice((0, 0, 1, 1, 2))
    return [
        (
            chance.uniform(0.05, 0.8),
            chance.choice(list(cameras)),
            chance.randint(0, 50_000),
            chance.randint(1, 20_000),
        )
        for _ in range(count)
    ]


def windows(seed: int, cameras: Sequence[str], base_ms: int, length_ms: int) -> dict[str, list[list[int]]]:
    """Each camera's window steps: a minute, sometimes less, sometimes more, for the whole campaign."""
    planned = {}
    for camera in cameras:
        chance = random.Random(f"{seed} windows {camera}")
        steps, at = [[base_ms - DAY_MS, 60_000]], base_ms
        while (at := at + chance.randint(120_000, 400_000)) < base_ms + length_ms:
            steps.append([at, chance.choice((30_000, 45_000, 60_000, 90_000))])
        planned[camera] = steps
    return planned
