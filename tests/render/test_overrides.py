"""Overrides change only the object that they name."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.render.overrides import apply_overrides
from goldenpath.spec.merge_patch import merge_patch
from goldenpath.spec.override import Override

TEXT = "# Why it is there.\napiVersion: v1\nkind: A\nmetadata:\n  name: x # kept\nspec: {size: 1, more: 2}\n---\n# Second.\napiVersion: v1\nkind: B\nmetadata: {name: x}\nspec: {size: 1}\n"


def override(kind: str, patch: dict[str, object], name: str = "x") -> Override:
    return Override(
        kind=kind,
        name=name,
        patch=patch,
        reason="Because: no.",
        approved_by="us",
        expires=dt.date(2030, 1, 31),
    )


def test_only_the_named_object_changes_and_the_others_keep_their_bytes() -> None:
    first, second = TEXT.split("---\n")
    changed = apply_overrides(TEXT, [override("B", {"spec": {"size": 5}})])
    assert changed.startswith(f"{first}---\n")
    assert kubeyaml.load_all(changed)[1] == {**kubeyaml.load(second), "spec": {"size": 5}}


def test_a_changed_object_keeps_its_comment_and_gets_the_reason() -> None:
    changed = apply_overrides(TEXT, [override("A", {"spec": {"more": None}})])
    assert changed.startswith(
        "# Why it is there.\n# Override until 2030-01-31, agreed by us: Because: no.\napiVersion: v1\n"
    )
    assert kubeyaml.load_all(changed)[0]["spec"] == {"size": 1}


def test_a_name_or_a_kind_alone_changes_nothing() -> None:
    assert apply_overrides(TEXT, [override("C", {"spec": {}}), override("A", {"spec": {}}, name="y")]) == TEXT


def test_later_overrides_of_one_object_build_on_earlier_ones() -> None:
    changed = apply_overrides(
        TEXT, [override("A", {"spec": {"size": 2}}), override("A", {"spec": {"more": 3}})]
    )
    assert kubeyaml.load_all(changed)[0]["spec"] == {"size": 2, "more": 3}


JSON = st.recursive(st.none() | st.integers() | st.text("ab"), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3), max_leaves=8)  # fmt: skip
OBJECTS = st.dictionaries(st.text("ab", max_size=2), JSON, max_size=3)


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_applied_twice_changes_nothing_more(
    target: dict[str, object], patch: dict[str, object]
) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_does_not_modify_its_target(
    target: dict[str, object], patch: dict[str, object]
) -> None:
    before = repr(target)
    merge_patch(target, patch)
    assert repr(target) == before
