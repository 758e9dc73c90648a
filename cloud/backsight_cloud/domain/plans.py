"""Decides how far back a camera's history reaches, by its plan and its model."""

from collections.abc import Mapping
from dataclasses import dataclass

PLANS = ("free", "plus", "premium")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the plans keep, in milliseconds."""

    free: Mapping[str, int]  # by model, as `plain_model` writes it
    unknown: int  # free, for a model that is not listed
    plus: int
    premium: int

    def window_ms(self, plan: str, model: str) -> int:
        """The longest window that any plan covering the camera gives; the free one covers every camera."""
        free = self.free.get(plain_model(model), self.unknown)
        return max(free, {"free": free, "plus": self.plus, "premium": self.premium}[plan])

    def knows(self, model: str) -> bool:
        """Whether the model's free window is known; if not, it has the longest."""
        return plain_model(model) in self.free


def plain_model(model: str) -> str:
    """A model without its region and in capitals: `EC60(US)` and `ec60` are both `EC60`."""
    return model.split("(")[0].strip().upper()
