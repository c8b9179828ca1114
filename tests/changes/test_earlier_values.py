"""Undo works by field: changes of others stay, and entries are never confused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.changes.earlier_values import earlier_values
from goldenpath.kubeyaml.editing import with_change

H100, A100, L4 = ({"profile": name, "quota": 4} for name in ("h100", "a100", "l4"))


def taken_back(before: Any, after: Any, now: Any) -> tuple[Any, list[tuple[str, str, str, str]]]:
    found = earlier_values(before, after, now)
    for location, value in found.changes:
        now = with_change(now, location, value)
    return now, [(each.path, each.before, each.after, each.now) for each in found.conflicts]


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2, "b": 5}, {"a": 1, "b": 5}),
        ({}, {"a": 2}, {"a": 2, "b": 5}, {"b": 5}),
        ({"a": 1}, {}, {"b": 5}, {"a": 1, "b": 5}),
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 1}),
        ({"c": {"m": 1, "p": 1}}, {"c": {"m": 2, "p": 1}}, {"c": {"m": 2, "p": 9}}, {"c": {"m": 1, "p": 9}}),
        # the entry's own name was changed, and its quota by somebody else since
        ({"g": [A100, L4]}, {"g": [H100, L4]}, {"g": [{**H100, "quota": 9}, L4]}, {"g": [{**A100, "quota": 9}, L4]}),
        # a similar entry was put before it since
        ({"g": [A100]}, {"g": [{**A100, "quota": 7}]}, {"g": [H100, {**A100, "quota": 7}]}, {"g": [H100, A100]}),
        # an entry was added, and another one since
        ({"g": [A100]}, {"g": [A100, H100]}, {"g": [A100, H100, L4]}, {"g": [A100, L4]}),
        # an entry was removed, and another one added since
        ({"g": [A100, H100]}, {"g": [H100]}, {"g": [H100, L4]}, {"g": [H100, L4, A100]}),
        ({"w": ["a", "b"]}, {"w": ["a", "c"]}, {"w": ["a", "c", "d"]}, {"w": ["a", "b", "d"]}),
        # the whole list was removed by the change
        ({"g": [A100], "n": 1}, {"n": 1}, {"n": 2}, {"g": [A100], "n": 2}),
    ],
)  # fmt: skip
def test_earlier_values_return_and_later_changes_stay(
    before: Any, after: Any, now: Any, expected: Any
) -> None:
    assert taken_back(before, after, now) == (expected, [])


@pytest.mark.parametrize(
    ("before", "after", "now", "conflict"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}, ("a", "1", "2", "3")),
        ({"a": 1}, {"a": 2}, {}, ("a", "1", "2", "not set")),
        ({}, {"a": 2}, {"a": 3}, ("a", "not set", "2", "3")),
        (
            {"g": [A100, L4]},
            {"g": [{**A100, "quota": 5}, L4]},
            {"g": [{**A100, "quota": 6}, L4]},
            ("g[profile=a100].quota", "4", "5", "6"),
        ),
        # the entry that was changed is gone: it does not come back without a word
        (
            {"g": [A100, L4]},
            {"g": [{**A100, "quota": 5}, L4]},
            {"g": [L4]},
            ("g[profile=a100]", '{"profile": "a100", "quota": 4}', '{"profile": "a100", "quota": 5}', "not set"),
        ),
        # the entry that was removed was made anew since, otherwise
        (
            {"g": [A100]},
            {"g": []},
            {"g": [{**A100, "quota": 9}]},
            ("g[profile=a100].quota", "4", "not set", "9"),
        ),
    ],
)  # fmt: skip
def test_a_later_change_of_the_same_field_is_a_conflict_with_both_values(
    before: Any, after: Any, now: Any, conflict: tuple[str, str, str, str]
) -> None:
    unchanged, conflicts = taken_back(before, after, now)
    assert unchanged == now
    assert [each[0].split(".")[0] for each in conflicts] == [conflict[0].split(".")[0]]
    if conflict[0] == conflicts[0][0]:
        assert conflicts == [conflict]


def test_entries_that_nothing_tells_apart_are_not_guessed() -> None:
    twins = [{"quota": 1}, {"quota": 1}]
    now, conflicts = taken_back(
        {"g": twins}, {"g": [{"quota": 1}, {"quota": 2}]}, {"g": [*twins, {"quota": 2}]}
    )
    assert (len(conflicts), now["g"]) == (1, [*twins, {"quota": 2}])


VALUES = st.integers(0, 3)
ENTRIES = st.dictionaries(st.sampled_from(["h100", "a100", "l4", "mi300"]), VALUES, max_size=4).map(
    lambda quotas: [{"profile": name, "quota": number} for name, number in quotas.items()]
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={"a": VALUES, "b": VALUES, "g": ENTRIES, "c": st.fixed_dictionaries({}, optional={"m": VALUES})},
)


@given(DOCUMENTS, DOCUMENTS)
def test_without_later_changes_undo_restores_everything(before: Any, after: Any) -> None:
    now, conflicts = taken_back(before, after, after)
    assert conflicts == []
    assert _in_any_order(now) == _in_any_order(before)


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_undo_keeps_fields_outside_the_change(before: Any, after: Any, now: Any) -> None:
    result, conflicts = taken_back(before, after, now)
    said = {path for path, *_ in conflicts}
    for key in ("a", "b"):
        old, new, there = (each.get(key, "gone") for each in (before, after, now))
        expected = there if old == new or key in said or there == old else old
        assert result.get(key, "gone") == expected
        assert (key in said) == (old != new and there not in (old, new))


def _in_any_order(document: Any) -> Any:
    return {**document, "g": sorted(document.get("g", []), key=str)}
