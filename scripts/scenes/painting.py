"""Paints scenes, frame by frame: a place with its light and its noise, and who walks through it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 1920, 1080, 15
PERSON = 0.35  # width of a person, of its height

Luma = NDArray[np.float32]


@dataclass(frozen=True)
class Walker:
    """Somebody who crosses: from one place (left edge, feet; pixels) to another, within these seconds."""

    start_s: float
    end_s: float
    from_x: float
    to_x: float
    feet_y: float
    height: float
    stays_s: float = 0.0  # seconds that they stand where they arrived

    def box(self, at_s: float) -> tuple[int, int, int, int] | None:
        """x, y, width, height now; None when they are not there."""
        if not self.start_s <= at_s <= self.end_s + self.stays_s:
            return None
        way = min(1.0, (at_s - self.start_s) / (self.end_s - self.start_s))
        x = self.from_x + way * (self.to_x - self.from_x)
        return round(x), round(self.feet_y - self.height), round(self.height * PERSON), round(self.height)


@dataclass(frozen=True)
class Scene:
    """A film of `seconds`; what is in `walkers` is the truth, everything else is no motion."""

    name: str
    seconds: int
    walkers: tuple[Walker, ...] = ()
    noise: float = 2.0  # grey levels of the sensor
    level: float = 1.0  # of the light
    light: Callable[[float], float] = lambda _: 1.0  # factor at a moment
    lamp: Callable[[float], float] = lambda _: 0.0  # grey levels that a lamp adds in one half
    rain: int = 0  # streaks in each frame
    tree: float = 0.0  # pixels by which a tree sways


class Painter:
    """One scene's."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._chance = np.random.default_rng(seed)
        self._place = _place(self._chance) * scene.level
        self._noises = [
            (self._chance.standard_normal((HEIGHT, WIDTH)) * scene.noise).astype(np.float32) for _ in range(4)
        ]
        self._coat = _cloth(self._chance)
        half = np.linspace(1.4, -0.4, WIDTH, dtype=np.float32).clip(0, 1)
        self._lamp = np.broadcast_to(half, (HEIGHT, WIDTH))

    def frame(self, number: int) -> NDArray[np.uint8]:
        """The luma of a frame."""
        scene, at_s = self._scene, number / FPS
        picture = self._place * scene.light(at_s)
        if added := scene.lamp(at_s):
            picture = picture + added * self._lamp
        if scene.tree:
            self._sway(picture, at_s)
        for walker in scene.walkers:
            if box := walker.box(at_s):
                self._walk(picture, box, at_s)
        for _ in range(scene.rain):
            self._streak(picture)
        turn = tuple(int(one) for one in self._chance.integers(0, 500, 2))
        noise = np.roll(self._noises[number % len(self._noises)], turn, (0, 1))
        return np.clip(picture + noise, 0, 255).astype(np.uint8)

    def _sway(self, picture: Luma, at_s: float) -> None:
        """A crown in the upper right that moves to and fro, never twice in the same way."""
        shift = round(self._scene.tree * np.sin(at_s * 2.1) + self._scene.tree / 2 * np.sin(at_s * 5.3))
        crown = self._place[100:400, 1400:1800]
        picture[100:400, 1400 + shift : 1800 + shift] = crown * 0.8

    def _walk(self, picture: Luma, box: tuple[int, int, int, int], at_s: float) -> None:
        x, y, width, height = box
        y += round(0.02 * height * np.sin(at_s * 9))  # they walk, they do not glide
        left, right, top, low = max(x, 0), min(x + width, WIDTH), max(y, 0), min(y + height, HEIGHT)
        if left < right and top < low:
            cloth = self._coat[: low - top, left - x : left - x + right - left]
            picture[top:low, left:right] = cloth * self._scene.level

    def _streak(self, picture: Luma) -> None:
        x, y = (int(self._chance.integers(0, limit)) for limit in (WIDTH - 3, HEIGHT - 60))
        picture[y : y + 50, x : x + 2] += 45


def _place(chance: np.random.Generator) -> Luma:
    """Walls, windows and a lawn: large patches, edges and a fine texture."""
    coarse = chance.uniform(60, 180, (9, 16)).astype(np.float32)
    fine = chance.normal(0, 6, (HEIGHT // 4, WIDTH // 4)).astype(np.float32)
    place: Luma = np.kron(coarse, np.ones((120, 120), np.float32))
    place += np.kron(fine, np.ones((4, 4), np.float32))
    return place


def _cloth(chance: np.random.Generator) -> Luma:
    """What a person wears, head to feet: stripes that differ from any wall somewhere."""
    cloth: Luma = chance.uniform(20, 230, (12, 4)).astype(np.float32)
    return np.kron(cloth, np.ones((90, 100), np.float32))
