"""What the cloud writes in an entitlement is what the hub reads; anything else is refused with its place."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backsight_shared import topics
from backsight_shared.entitlement import CameraEntitlement, Entitlement, from_claims, to_claims
from backsight_shared.erased import MOST_SPANS, ErasedSpan, joined
from backsight_shared.errors import Malformed
from backsight_shared.window import WindowStep

DOOR = "74fece010203"
HOUR_MS = 3_600_000

steps = st.lists(
    st.tuples(st.integers(0, 10**13), st.integers(0, 10**7)), min_size=1, max_size=8, unique_by=lambda s: s[0]
).map(lambda pairs: tuple(WindowStep(start, seconds * 1000) for start, seconds in sorted(pairs)))
erased = st.lists(
    st.builds(
        lambda start, length: ErasedSpan(start, start + length), st.integers(0, 10**13), st.integers(1, 10**7)
    ),
    max_size=8,
).map(joined)
cameras = st.dictionaries(
    st.from_regex(r"[0-9a-f]{12}", fullmatch=True),
    st.builds(
        CameraEntitlement,
        st.sampled_from(["free", "plus"]),
        steps,
        st.sampled_from(["all", "events", "off"]),
        erased,
    ),
    max_size=5,
)
entitlements = st.builds(
    Entitlement, st.text(), st.text(), st.integers(), st.integers(), st.integers(), cameras
)


def a_document(**changed: object) -> dict[str, Any]:
    steps = (WindowStep(0, 12 * HOUR_MS), WindowStep(50, 48 * HOUR_MS))
    entitled = CameraEntitlement("plus", steps, "all", (ErasedSpan(10, 20), ErasedSpan(30, 40)))
    return to_claims(Entitlement("cloud-1", "hub-1", 3, 100, 101, {DOOR: entitled})) | changed


@given(entitlements)
def test_what_was_written_is_read_back(entitlement: Entitlement) -> None:
    assert from_claims(json.loads(json.dumps(to_claims(entitlement)))) == entitlement


def test_the_document_looks_as_described() -> None:
    assert a_document() == {
        "iss": "cloud-1",
        "hub": "hub-1",
        "serial": 3,
        "issued_at": 100,
        "cloud_time": 101,
        "cameras": {
            DOOR: {
                "plan": "plus",
                "windows": [{"from_ms": 0, "window_s": 43200}, {"from_ms": 50, "window_s": 172800}],
                "upload": "all",
                "erase": [{"from_ms": 10, "to_ms": 20}, {"from_ms": 30, "to_ms": 40}],
            }
        },
    }


def test_what_a_newer_cloud_says_more_is_ignored() -> None:
    assert from_claims(a_document(next_key={"kid": "x"})) == from_claims(a_document())


def test_without_an_upload_policy_everything_is_uploaded() -> None:
    document = a_document()
    del document["cameras"][DOOR]["upload"]
    assert from_claims(document).cameras[DOOR].upload == "all"


def test_a_document_of_a_cloud_that_erased_nothing_yet_is_still_valid() -> None:
    document = a_document()
    del document["cameras"][DOOR]["erase"]
    assert from_claims(document).cameras[DOOR].erase == ()


def spans(count: int) -> tuple[ErasedSpan, ...]:
    return tuple(ErasedSpan(10 * number, 10 * number + 5) for number in range(count))


def test_more_erased_spans_than_a_document_holds_are_not_written() -> None:
    entitled = CameraEntitlement("free", (WindowStep(0, 1000),), "all", spans(MOST_SPANS + 1))
    with pytest.raises(ValueError, match="64 erased spans"):
        to_claims(Entitlement("c", "h", 1, 0, 0, {DOOR: entitled}))


def test_a_newer_clouds_longer_list_of_erased_spans_is_read() -> None:
    more = [{"from_ms": span.from_ms, "to_ms": span.to_ms} for span in spans(MOST_SPANS + 1)]
    assert from_claims(with_camera(erase=more)).cameras[DOOR].erase == spans(MOST_SPANS + 1)


def test_a_window_of_a_part_of_a_second_is_not_written() -> None:
    entitled = CameraEntitlement("free", (WindowStep(0, 1500),))
    with pytest.raises(ValueError, match="whole seconds"):
        to_claims(Entitlement("c", "h", 1, 0, 0, {DOOR: entitled}))


def with_camera(**changed: object) -> dict[str, Any]:
    document = a_document()
    document["cameras"][DOOR] |= changed
    return document


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, "entitlement must be an object, not nothing"),
        ([], "entitlement must be an object"),
        (a_document(serial="3"), "entitlement.serial must be a whole number, not text"),
        (a_document(serial=True), "entitlement.serial must be a whole number"),
        (a_document(serial=3.5), "entitlement.serial must be a whole number"),
        (a_document(iss=None), "entitlement.iss must be text"),
        (a_document(cameras=[]), "entitlement.cameras must be an object"),
        (with_camera(windows=[]), f"entitlement.cameras.{DOOR}.windows must have at least one step"),
        (with_camera(windows={}), f"entitlement.cameras.{DOOR}.windows must be a list"),
        (with_camera(upload="some"), f"entitlement.cameras.{DOOR}.upload must be one of"),
        (with_camera(windows=[{"from_ms": 0}]), f"{DOOR}.windows[0].window_s is missing"),
        (with_camera(windows=[{"from_ms": 0, "window_s": -1}]), "a window cannot be negative"),
        (with_camera(erase=None), f"entitlement.cameras.{DOOR}.erase must be a list, not nothing"),
        (with_camera(erase=[{"from_ms": 5}]), f"{DOOR}.erase[0].to_ms is missing"),
        (with_camera(erase=[{"from_ms": 5, "to_ms": 5}]), "an erased span must end after it starts"),
        (with_camera(erase=[{"from_ms": -5, "to_ms": 5}]), "an erased span must end after it starts"),
        (
            with_camera(erase=[{"from_ms": 5, "to_ms": 9}, {"from_ms": 9, "to_ms": 12}]),
            f"entitlement.cameras.{DOOR}.erase must be in order of time, no two spans touching",
        ),
        (
            with_camera(erase=[{"from_ms": 15, "to_ms": 19}, {"from_ms": 9, "to_ms": 12}]),
            f"entitlement.cameras.{DOOR}.erase must be in order of time",
        ),
        (
            with_camera(windows=[{"from_ms": 5, "window_s": 1}, {"from_ms": 5, "window_s": 2}]),
            f"entitlement.cameras.{DOOR}.windows must be in order of time",
        ),
        (
            with_camera(windows=[{"from_ms": 5, "window_s": 1}, {"from_ms": 4, "window_s": 2}]),
            f"entitlement.cameras.{DOOR}.windows must be in order of time",
        ),
    ],
)
def test_a_document_that_makes_no_sense_is_refused_with_the_place(document: object, place: str) -> None:
    with pytest.raises(Malformed) as refusal:
        from_claims(document)
    assert place in str(refusal.value)


@pytest.mark.parametrize("missing", ["iss", "hub", "serial", "issued_at", "cloud_time", "cameras"])
def test_a_document_lacking_anything_is_refused(missing: str) -> None:
    document = a_document()
    del document[missing]
    with pytest.raises(Malformed, match=f"entitlement.{missing} is missing"):
        from_claims(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(a_document())), json_values)
def test_nothing_but_malformed_ever_comes_of_a_strange_value(key: str, value: object) -> None:
    with suppress(Malformed):
        from_claims(a_document(**{key: value}))


@pytest.mark.parametrize("kind", [topics.entitlement, topics.pull, topics.status])
def test_every_topic_names_its_hub(kind: Any) -> None:
    assert topics.hub_of(kind("hub-1")) == "hub-1"


@pytest.mark.parametrize(
    "topic", ["", "backsight/v1/hubs", "backsight/v1/hubs/a/b/c", "other/v1/hubs/a/status"]
)
def test_other_topics_name_none(topic: str) -> None:
    assert topics.hub_of(topic) is None
