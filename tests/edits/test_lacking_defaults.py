"""Entries of an override compared with new fields of a version; removed fields stay removed."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath.edits import EditVerdict, ListKeys, judge
from goldenpath.edits.entry_defaults import lacking_defaults

HARDENED = {"securityContext": {"readOnlyRootFilesystem": True}}


def deployment(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "server", "namespace": "vision"},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


def container(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": f"registry/{name}", **fields}


def lacking(old: Any, new: Any, whole: Any) -> list[tuple[str, str]]:
    return [(each.entry, each.field) for each in lacking_defaults(old, new, whole)]


def test_a_container_of_an_override_that_lacks_a_new_default_is_named() -> None:
    old = deployment(container("a"), container("b"))
    new = deployment(container("a", **HARDENED), container("b", **HARDENED))
    whole = deployment(container("a", **HARDENED), container("b", **HARDENED), container("proxy"))
    assert lacking(old, new, whole) == [
        ("spec.template.spec.containers[name=proxy]", "securityContext.readOnlyRootFilesystem")
    ]


@pytest.mark.parametrize(
    ("old", "new", "added"),
    [
        # the entry has it already, with whatever value
        ([container("a")], [container("a", **HARDENED)], container("proxy", securityContext={"readOnlyRootFilesystem": False})),
        # one entry had it before: it is no new default
        ([container("a", **HARDENED), container("b")], [container("a", **HARDENED), container("b", **HARDENED)], container("proxy")),
        # not every entry has it
        ([container("a"), container("b")], [container("a", **HARDENED), container("b")], container("proxy")),
        # a value that changes is no new field
        ([container("a", **HARDENED)], [container("a", securityContext={"readOnlyRootFilesystem": False})], container("proxy")),
    ],
)  # fmt: skip
def test_a_field_that_some_new_entries_lack_is_not_reported(old: Any, new: Any, added: Any) -> None:
    assert lacking(deployment(*old), deployment(*new), deployment(*new, added)) == []


def test_entries_without_a_name_are_not_guessed() -> None:
    old, new = ({"rules": [{"port": 1}]}, {"rules": [{"port": 1, "protocol": "TCP"}]})
    assert lacking(old, new, {"rules": [{"port": 1, "protocol": "TCP"}, {"port": 2}]}) == []


def test_an_item_that_was_removed_by_hand_and_that_a_new_version_edits_is_a_conflict() -> None:
    base = deployment(container("a"), container("b"))
    there = deployment(container("a"))
    edited = deployment(container("a"), container("b", image="registry/newer"))
    (judged,) = judge(base, there, edited, ListKeys())
    assert judged.verdict is EditVerdict.CONFLICT
    (carried,) = judge(base, there, deployment(container("a", image="other"), container("b")), ListKeys())
    assert carried.verdict is EditVerdict.CARRIED


def test_a_similar_item_does_not_replace_a_removed_one() -> None:
    base = deployment(container("a"), container("b"))
    there = deployment(container("a"))
    renamed = deployment(container("a"), {**container("b"), "name": "b2"})
    verdicts = {judged.verdict for judged in judge(base, there, renamed, ListKeys())}
    assert EditVerdict.CARRIED not in verdicts
