"""Lines of fields: a message that names one must name the right one."""

from __future__ import annotations

import pytest

from goldenpath.kubeyaml.positions import Positions

TEXT = """\
# A comment.
name: vision

gpus:
  - {profile: a, quota: 1}
  - profile: b
    quota: 2
labels:
  example.com/tier.x: gold
  example.com/tier: silver
merged: &m {a: 1}
---
# The second document.
kind: Service
spec:
  ports:
    - port: 80
---
---
third: 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 2),
        ("name", 2),
        ("gpus", 4),
        ("gpus[0]", 5),
        ("gpus[0].quota", 5),
        ("gpus[1]", 6),
        ("gpus[1].quota", 7),
        ("labels.example.com/tier", 10),
        ("labels.example.com/tier.x", 9),
        ("gpus[1].missing", 6),
        ("gpus[7].quota", 4),
        ("missing", 2),
        ("nam", 2),
        ("name.deeper[0]", 2),
    ],
)
def test_the_line_of_a_field_or_of_the_nearest_one_above_it(path: str, line: int) -> None:
    assert Positions(TEXT).line_of(path) == line


def test_lines_of_a_later_document_count_from_the_start_of_the_file() -> None:
    positions = Positions(TEXT)
    assert positions.line_of("spec.ports[0].port", document=1) == 17
    assert positions.line_of("third", document=2) == 20
    assert positions.line_of("third", document=3) is None


def test_json_has_lines_too() -> None:
    assert Positions('{\n "a": {\n  "b": 1\n }\n}').line_of("a.b") == 3


def test_invalid_yaml_has_no_lines() -> None:
    assert Positions("a: [").line_of("a") is None
    assert Positions("").line_of("a") is None
