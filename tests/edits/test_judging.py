"""Edits of an object, their verdicts on a new rendering, and the equivalent override."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.edits import EditVerdict, JudgedEdit, ListKeys, judge, override_changes
from goldenpath.errors import MISSING
from goldenpath.render.overrides import overridden_body
from goldenpath.spec.override import Override

KEYS = ListKeys()
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "chat", "namespace": "vision", "labels": {"app": "chat"}},
    "spec": {
        "replicas": 1,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "server",
                        "image": "vllm:1",
                        "args": ["serve", "--port=80"],
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    },
                    {"name": "proxy", "image": "envoy:1"},
                ]
            }
        },
    },
}
POLICY: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "egress", "namespace": "vision"},
    "spec": {"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
}
QUEUE: dict[str, Any] = {
    "apiVersion": "kueue.x-k8s.io/v1beta2",
    "kind": "ClusterQueue",
    "metadata": {"name": "vision"},
    "spec": {
        "resourceGroups": [
            {
                "coveredResources": ["cpu", "nvidia.com/gpu"],
                "flavors": [
                    {"name": "h100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": 8}]},
                    {"name": "a100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": 4}]},
                ],
            }
        ]
    },
}


def changed(body: dict[str, Any], *steps: Any, value: Any = MISSING) -> dict[str, Any]:
    """A copy with a value set at some steps, or removed without one."""
    made = copy.deepcopy(body)
    node = made
    for step in steps[:-1]:
        node = node[step]
    if value is MISSING:
        del node[steps[-1]]
    elif isinstance(node, list) and steps[-1] == len(node):
        node.append(value)
    else:
        node[steps[-1]] = value
    return made


def carried(judged: tuple[JudgedEdit, ...], new: dict[str, Any]) -> dict[str, Any]:
    """The new rendering after an override with the edits that can be carried."""
    changes = override_changes(each.edit for each in judged if each.verdict is EditVerdict.CARRIED)
    if not changes:
        return new
    override = Override(
        kind=new["kind"],
        name=new["metadata"]["name"],
        reason="Test",
        approved_by="us",
        expires=dt.date(2030, 1, 1),
        **changes,
    )
    return overridden_body(new, override)


SERVER = ("spec", "template", "spec", "containers", 0)
PROXY = ("spec", "template", "spec", "containers", 1)
RULE = {"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}
H100 = ("spec", "resourceGroups", 0, "flavors", 0, "resources", 0, "nominalQuota")
A100 = ("spec", "resourceGroups", 0, "flavors", 1, "resources", 0, "nominalQuota")


@pytest.mark.parametrize(
    ("base", "there", "new", "verdict", "place"),
    [
        (DEPLOYMENT, changed(DEPLOYMENT, "spec", "replicas", value=5), DEPLOYMENT, "carried", "spec.replicas"),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, "spec", "replicas", value=5),
            changed(DEPLOYMENT, "spec", "replicas", value=2),
            "conflict",
            "spec.replicas",
        ),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, "spec", "replicas", value=5),
            changed(DEPLOYMENT, "spec", "replicas", value=5),
            "already so",
            "spec.replicas",
        ),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, *SERVER, "image", value="mine"),
            changed(DEPLOYMENT, *PROXY, "image", value="envoy:2"),
            "carried",
            "spec.template.spec.containers[name=server].image",
        ),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, *PROXY, "image", value="mine"),
            changed(DEPLOYMENT, *PROXY),
            "orphaned",
            "spec.template.spec.containers[name=proxy]",
        ),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, *SERVER, "env", 2, value={"name": "C", "value": "3"}),
            changed(DEPLOYMENT, *SERVER, "env", 2, value={"name": "D", "value": "4"}),
            "carried",
            "spec.template.spec.containers[name=server].env",
        ),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, *SERVER, "env", 2, value={"name": "C", "value": "3"}),
            changed(DEPLOYMENT, *SERVER, "env", 2, value={"name": "C", "value": "4"}),
            "conflict",
            "spec.template.spec.containers[name=server].env",
        ),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, "spec", "template", "spec", "containers", value=DEPLOYMENT["spec"]["template"]["spec"]["containers"][::-1]),
            DEPLOYMENT,
            "not sayable",
            "spec.template.spec.containers",
        ),
        (DEPLOYMENT, changed(DEPLOYMENT, *SERVER, "args", 0, value="run"), DEPLOYMENT, "carried", "spec.template.spec.containers[name=server].args"),
        (
            DEPLOYMENT,
            changed(DEPLOYMENT, "spec", "replicas", value=None),
            DEPLOYMENT,
            "not sayable",
            "spec.replicas",
        ),
        (
            POLICY,
            changed(POLICY, "spec", "egress", 1, value=RULE),
            changed(POLICY, "spec", "egress", 1, value={"to": [{"namespaceSelector": {}}]}),
            "carried",
            "spec.egress",
        ),
        (
            POLICY,
            changed(POLICY, "spec", "egress", 0, value=RULE),
            changed(POLICY, "spec", "egress", 0, value={}),
            "conflict",
            "spec.egress",
        ),
        (
            QUEUE,
            changed(QUEUE, *H100, value=12),
            changed(changed(QUEUE, *A100, value=6), "spec", "resourceGroups", 0, "coveredResources", value=["memory", "nvidia.com/gpu"]),
            "carried",
            'spec.resourceGroups[coveredResources=["nvidia.com/gpu"]].flavors[name=h100].resources[name=nvidia.com/gpu].nominalQuota',
        ),
        (DEPLOYMENT, changed(DEPLOYMENT, "metadata", "name", value="other"), DEPLOYMENT, "not sayable", "metadata.name"),
    ],
)  # fmt: skip
def test_each_edit_has_its_verdict_and_place(
    base: dict[str, Any], there: dict[str, Any], new: dict[str, Any], verdict: str, place: str
) -> None:
    (found,) = judge(base, there, new, KEYS)
    assert (found.verdict.value, found.edit.place) == (verdict, place)


def test_an_edit_of_a_removed_object_is_orphaned() -> None:
    (found,) = judge(DEPLOYMENT, changed(DEPLOYMENT, "spec", "replicas", value=5), None, KEYS)
    assert found.verdict is EditVerdict.ORPHANED


def test_carried_edits_and_additions_of_the_new_version_are_both_kept() -> None:
    there = changed(QUEUE, *H100, value=12)
    new = changed(QUEUE, *A100, value=6)
    made = carried(judge(QUEUE, there, new, KEYS), new)
    assert made == changed(new, *H100, value=12)


def test_an_added_label_does_not_take_the_new_versions_label_away() -> None:
    bare = changed(DEPLOYMENT, "metadata", "labels")
    there = changed(bare, "metadata", "labels", value={"mine": "1"})
    new = changed(bare, "metadata", "labels", value={"theirs": "2"})
    made = carried(judge(bare, there, new, KEYS), new)
    assert made["metadata"]["labels"] == {"mine": "1", "theirs": "2"}


VALUES = st.recursive(
    st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
ENV = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("ABCD")}, optional={"value": st.sampled_from("12")}),
    max_size=4,
    unique_by=lambda item: str(item["name"]),
)
BODIES = st.builds(
    lambda data, env: {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "annotations": {}},
        "data": data,
        "spec": {"containers": [{"name": "main", "env": env}]},
    },
    st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3),
    ENV,
)


@settings(max_examples=400)
@given(BODIES, BODIES, BODIES)
def test_the_override_applies_the_carried_edits_and_nothing_else(
    base: dict[str, Any], there: dict[str, Any], new: dict[str, Any]
) -> None:
    judged = judge(base, there, new, KEYS)
    made = carried(judged, new)
    wanted = {(each.edit.place, each.edit.action) for each in judged if each.verdict is EditVerdict.CARRIED}
    again = judge(base, there, made, KEYS)
    assert all(each.verdict is not EditVerdict.CARRIED for each in again)
    # Against the new version, exactly the carried edits are different.
    different = {each.edit.place for each in judge(new, made, new, KEYS)}
    assert all(any(place.startswith(one) for one, _ in wanted) for place in different)


@settings(max_examples=200)
@given(BODIES, BODIES)
def test_without_a_new_version_every_sayable_edit_gives_the_edited_object(
    base: dict[str, Any], there: dict[str, Any]
) -> None:
    judged = judge(base, there, base, KEYS)
    if all(each.verdict is EditVerdict.CARRIED for each in judged):
        assert not judge(carried(judged, base), there, base, KEYS) or _only_order(
            carried(judged, base), there
        )


def _only_order(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two objects are equal, apart from the order of items, which an added item may change."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return sorted((key, plain(inner)) for key, inner in value.items())
        return sorted(map(repr, map(plain, value))) if isinstance(value, list) else value

    return bool(repr(plain(one)) == repr(plain(other)))


@pytest.mark.parametrize(
    ("there", "new", "verdict"),
    [
        ("mine", "theirs", EditVerdict.CONFLICT),
        ("mine", "proxy", EditVerdict.CARRIED),
        ("mine", "mine", EditVerdict.ALREADY_SO),
        ("mine", None, EditVerdict.ORPHANED),
        (None, "theirs", EditVerdict.CONFLICT),
        (None, None, EditVerdict.ALREADY_SO),
    ],
)
def test_an_item_removed_on_both_sides_is_a_conflict_if_another_may_replace_it(
    there: str | None, new: str | None, verdict: EditVerdict
) -> None:
    def with_proxy(name: str | None) -> dict[str, Any]:
        return (
            changed(DEPLOYMENT, *PROXY) if name is None else changed(DEPLOYMENT, *PROXY, "name", value=name)
        )

    removal = judge(DEPLOYMENT, with_proxy(there), with_proxy(new), KEYS)[0]
    assert (removal.verdict, removal.edit.place) == (
        verdict,
        "spec.template.spec.containers[name=proxy]",
    )
