"""What is exposed is read back by Prometheus's own parsers as it was meant, whatever is in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from backsight_shared.exposition import Family, Sample, accepts_openmetrics, expose, one
from backsight_shared.histogram import Histogram

BACKLOG = Family(
    "backlog_segments", "gauge", "What waits", (Sample(3, {"camera": "a"}), Sample(0, {"camera": "b"}))
)

texts = st.text(st.characters(codec="utf-8"))
numbers = st.floats(allow_nan=False) | st.integers(-(2**62), 2**62)


def read(*families: Family) -> list[Metric]:
    """By both parsers, which must agree."""
    plain = list(read_plain(expose(families)))
    strict = list(read_openmetrics(expose(families, openmetrics=True)))
    assert [metric.samples for metric in plain] == [metric.samples for metric in strict]
    return plain


def test_a_family_is_read_with_its_kind_its_words_and_its_figures() -> None:
    (found,) = read(BACKLOG)
    assert (found.name, found.type, found.documentation) == ("backlog_segments", "gauge", "What waits")
    assert [(one.labels["camera"], one.value) for one in found.samples] == [("a", 3.0), ("b", 0.0)]


@given(texts, texts)
def test_labels_and_words_come_through_whatever_is_in_them(label: str, words: str) -> None:
    (found,) = read_plain(expose([Family("x", "gauge", words, (Sample(1, {"name": label}),))]))
    assert found.samples[0].labels == {"name": label}


@given(texts, texts)
def test_they_come_through_openmetrics_as_well(label: str, words: str) -> None:
    family = Family("x", "gauge", words, (Sample(1, {"name": label}),))
    (found,) = read_openmetrics(expose([family], openmetrics=True))
    assert found.samples[0].labels == {"name": label}


def test_words_keep_their_lines_and_quotes() -> None:
    words = 'What waits:\na "backlog" in C:\\new'
    (found,) = read(Family("x", "gauge", words, (Sample(1),)))
    assert found.documentation == words


@given(numbers)
def test_numbers_come_through_exactly(number: float) -> None:
    (found,) = read(one("x", "gauge", "", number))
    assert found.samples[0].value == float(number)


def test_what_is_no_number_is_said_to_be_none() -> None:
    (found,) = read_plain(expose([one("x", "gauge", "", math.nan)]))
    assert math.isnan(found.samples[0].value)


def test_a_counter_is_one_for_both() -> None:
    (found,) = read(one("frames_total", "counter", "Frames", 7))
    assert (found.type, found.samples[0].name, found.samples[0].value) == ("counter", "frames_total", 7.0)


def test_a_histogram_counts_into_every_bucket_above() -> None:
    waits = Histogram((1.0, 0.1))
    for wait in (0.05, 0.1, 0.5, 30.0):
        waits.note(wait)
    (found,) = read(Family("wait_seconds", "histogram", "Waits", waits.samples({"who": "me"})))
    buckets = {one.labels["le"]: one.value for one in found.samples if one.name.endswith("_bucket")}
    assert {float(bound): count for bound, count in buckets.items()} == {0.1: 2.0, 1.0: 3.0, math.inf: 4.0}
    assert [one.value for one in found.samples if not one.name.endswith("_bucket")] == [30.65, 4.0]


def test_what_is_not_known_is_left_out() -> None:
    assert expose([one("last_success_seconds", "gauge", "When", None)]) == ""


def test_openmetrics_is_for_who_asks_for_it() -> None:
    assert accepts_openmetrics("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
    assert not accepts_openmetrics("text/plain;version=0.0.4")


@pytest.mark.parametrize("name", ["Frames", "2frames", "a-b", "a b", ""])
def test_a_strange_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        one(name, "gauge", "", 1)


def test_a_counter_that_does_not_say_so_is_refused() -> None:
    with pytest.raises(ValueError, match="_total"):
        one("frames", "counter", "", 1)
