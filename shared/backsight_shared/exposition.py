"""Writes figures as Prometheus reads them: text format 0.0.4, or OpenMetrics 1.0 for who asks for it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

Kind = Literal["gauge", "counter", "histogram"]

_NO_NUMBERS = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_ESCAPED_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})  # 0.0.4 leaves quotes in a help text alone


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of a family; `suffix` is a histogram's `_bucket`, `_sum` or `_count`."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """What is counted or measured, with its figures. Names end in their unit, counters' in `_total`."""

    name: str
    kind: Kind
    text: str
    samples: tuple[Sample, ...]

    def __post_init__(self) -> None:
        if not all(map(_NAME.fullmatch, [self.name, *(name for one in self.samples for name in one.labels)])):
            raise ValueError(f"{self.name} or one of its labels is not a name: lower case, digits and _")
        if (self.kind == "counter") != self.name.endswith("_total"):
            raise ValueError(f"{self.name} is a {self.kind}: counters, and they alone, end in _total")


def one(name: str, kind: Kind, text: str, value: float | None) -> Family:
    """A family of one figure; of none while it is not known."""
    return many(name, kind, text, [({}, value)])


def many(
    name: str, kind: Kind, text: str, figures: Iterable[tuple[Mapping[str, str], float | None]]
) -> Family:
    """A family of figures with their labels, without those that are not known."""
    known = tuple(Sample(float(value), labels) for labels, value in figures if value is not None)
    return Family(name, kind, text, known)


def expose(families: Iterable[Family], *, openmetrics: bool = False) -> str:
    """The page. Families without figures are left out."""
    lines = [line for family in families if family.samples for line in _lines(family, openmetrics)]
    return "\n".join([*lines, *(["# EOF"] if openmetrics else []), ""])


def accepts_openmetrics(accept: str) -> bool:
    """Whether a request's Accept header asks for OpenMetrics."""
    return "application/openmetrics-text" in accept.lower()


def _lines(family: Family, openmetrics: bool) -> Iterable[str]:
    name = family.name.removesuffix("_total") if openmetrics else family.name
    yield f"# HELP {name} {family.text.translate(_ESCAPED if openmetrics else _ESCAPED_HELP)}"
    yield f"# TYPE {name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{label}="{value.translate(_ESCAPED)}"' for label, value in sample.labels.items())
        yield f"{family.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _number(value: float) -> str:
    text = repr(float(value))
    return _NO_NUMBERS.get(text, text.removesuffix(".0"))
