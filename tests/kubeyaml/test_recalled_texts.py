"""A text that differs by names from one that was read is read as if it had been parsed."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import outcome

from goldenpath import kubeyaml
from goldenpath.kubeyaml import _rendered, _shape_cache
from goldenpath.kubeyaml._shape_cache import ShapeCache

TEXT = """\
# The team [name].
metadata:
  name: [name]
  labels: {team: [name], "x/[name]": "[name]"}
spec:
  accounts: [trainer-[name], [name]]
  rule: "used{namespace=\\"[name]\\"} > 0.9"
  text: |
    One of [name]:
      [name]
  count: 64
---
kind: Other
[name]: 0x1F
"""


def assert_read_alike(pattern: str, *names: tuple[str, ...]) -> None:
    """Each text of a pattern, in turn, is read as by the exact reader."""
    for own in names:
        text = pattern.replace("[name]", own[0]).replace("[other]", own[-1])
        assert outcome(partial(kubeyaml.load_rendered, names=own), text) == outcome(
            kubeyaml.load_all, text
        ), own


def test_the_third_text_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    pattern = TEXT.replace("Other", "OfThisTest")
    assert_read_alike(pattern, ("team-a",), ("vision",))
    monkeypatch.setattr(_rendered, "_load_documents", None)
    assert kubeyaml.load_rendered(pattern.replace("[name]", "robotics"), names=("robotics",)) == [
        {
            "metadata": {"name": "robotics", "labels": {"team": "robotics", "x/robotics": "robotics"}},
            "spec": {
                "accounts": ["trainer-robotics", "robotics"],
                "rule": 'used{namespace="robotics"} > 0.9',
                "text": "One of robotics:\n  robotics\n",
                "count": 64,
            },
        },
        {"kind": "OfThisTest", "robotics": 31},
    ]


def test_a_recalled_value_equals_the_readers() -> None:
    texts = ["a: {b: own-team-1}\n", "a: {b: own-team-2}\n", "a: {b: own-team-3}\n"]
    for text in texts:
        kubeyaml.load_rendered(text, names=(text[7:-2],))
    first = kubeyaml.load_rendered(texts[0], names=("own-team-1",))
    first[0]["a"]["b"] = "changed"
    assert kubeyaml.load_rendered(texts[0], names=("own-team-1",)) == [{"a": {"b": "own-team-1"}}]


@pytest.mark.parametrize(
    "name", ["e", "y", "null", "rue", "64", "1e3", "b-1", "0x1f", "nan", "a", "fe", "off", "ja"]
)
def test_a_name_that_a_number_or_a_word_can_hold_is_parsed(name: str) -> None:
    pattern = f"a: [name]\nb: 1[name]3\nc: t[name]\nd: 0[name]1\n[name]: {name}\ne: {name.upper()}\n"
    for names in (("vision",), ("robotics",), (name,), ("speech",), (name,)):
        assert_read_alike(pattern, names)


@pytest.mark.parametrize(
    "pattern",
    [
        'a: "\\[name]"\n',
        'a: "\\u00[name]"\n',
        'a: "\\\\[name]"\n',
        f"a: {_shape_cache._MARKS[0]}\nb: [name]\n",
        f"a: Q{_shape_cache._MARKS[0]}\nb: Q[name]Z\n",
        "[name]: 1\nvision: 2\n",
        "[name]a: 1\na[name]: 2\n",
        "a: [name]\n--- # [name]\nb: !![name] x\n",
        "[name]: &[name] {a: 1}\nb: *[name]\n",
        "? [name]\n: '[name]'\n",
        f"{'k' * 200}[name]: 1\n",
        '{"a": "[name]"}\n',
        "",
        "# [name]\n",
    ],
)
def test_texts_in_which_a_name_could_mean_more(pattern: str) -> None:
    names = ("team", "new", "u0041", "vision", "t", "abcdefgh", "robotics", "k" * 63, "m" * 63, "a-m")
    assert_read_alike(pattern, *((name,) for name in names), ("aaam",), ("am",))


def test_a_text_with_a_mark_of_its_own_is_like_no_other() -> None:
    for mark in _shape_cache._MARKS:
        assert_read_alike("a: [name]\n", ("vision",), ("speech",), ("robotics",))
        assert_read_alike(f"a: {mark}\n", ("vision",), ("speech",))


def test_both_names_of_a_workload_are_recalled() -> None:
    pattern = "metadata: {name: [name], namespace: [other]}\nhost: [name].[other].svc\nx: [other]-[name]\n"
    pairs = (
        ("team-a-chat", "team-a"),
        ("chatting", "chat"),
        ("team-a", "a-team"),
        ("llm", "vision"),
        ("mm", "m"),
    )
    assert_read_alike(pattern, *pairs)


LETTERS = "abegjmntuxz019-"
NAMES = st.text(LETTERS, min_size=1, max_size=4)
PIECES = st.sampled_from(
    ["[name]", "[name]", "[other]", ": ", "- ", "\n", "\n  ", "a", "e", "1", "-", '"', "'", "\\", "#", " ", "{", "}", "[", "]",
     ", ", "|", "0x", "t", "Q", "Z", "---", "&", "*"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14), st.lists(st.tuples(NAMES, NAMES), min_size=3, max_size=5))
def test_any_text_with_any_names_is_read_alike(pieces: list[str], names: list[tuple[str, str]]) -> None:
    pattern = "".join(pieces) + "\n"
    assert_read_alike(pattern, *names)


def test_the_cache_is_bounded() -> None:
    recalled = ShapeCache()
    filler = "x" * 30_000
    for number in range(_shape_cache._MOST_CHARS // 10_000):
        recalled.value(f"a: {number} {filler}\n", ("vision",), lambda text, _names: text)
    assert (
        sum(len(shape) + len(known) for shape, known in recalled._shapes.items()) <= _shape_cache._MOST_CHARS
    )
