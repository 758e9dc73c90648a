"""Each key of a TOML file is found on the line on which it is written, whatever stands around it."""

import pytest

from backsight_shared.toml_lines import Place, line_of, lines_of

TEXT = '''# first
a = 1
[table]  # comment
b = "[not.a.table]"
"quoted key" = 2
long = """
c = 3
[inside.text]
"""
list = [
  "x = 1",
  "[y]", # ]
]
d.e = 4

[[camera]]
name = "one"
[[camera]]
name = 'two ['
[camera.stream]
path = "/"
[last]
z = 1
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("a",), 2),
        (("table",), 3),
        (("table", "b"), 4),
        (("table", "quoted key"), 5),
        (("table", "long"), 6),
        (("table", "list"), 10),
        (("table", "d", "e"), 14),
        (("camera", 0), 16),
        (("camera", 0, "name"), 17),
        (("camera", 1, "name"), 19),
        (("last", "z"), 23),
    ],
)
def test_a_key_is_found(place: Place, line: int) -> None:
    assert lines_of(TEXT)[place] == line


def test_a_member_has_the_line_of_what_holds_it() -> None:
    assert line_of(("table", "list", 1), lines_of(TEXT)) == 10


def test_what_is_nowhere_has_no_line() -> None:
    assert line_of(("nowhere",), lines_of(TEXT)) is None


def test_nothing_inside_a_text_is_a_key() -> None:
    found = lines_of(TEXT)
    assert not {place for place in found if "c" in place or "inside" in place or "y" in place}


def test_a_table_inside_an_array_of_tables_belongs_to_the_newest_of_them() -> None:
    text = "[[camera]]\n[camera.motion]\na = 1\n[[camera]]\n[camera.motion]\na = 2\n[[camera.zone]]\nb = 3\n"
    found = lines_of(text)
    assert (found["camera", 0, "motion", "a"], found["camera", 1, "motion", "a"]) == (3, 6)
    assert found["camera", 1, "zone", 0, "b"] == 8
