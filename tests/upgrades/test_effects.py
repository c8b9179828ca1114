"""The effect of a change, from the facts of the API."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from goldenpath.edits.effects import Effect, Effects

EFFECTS = Effects()


def body(kind: str, api_version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "n"}, **fields}


DEPLOYMENT = body(
    "Deployment",
    "apps/v1",
    spec={"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"x": 1}}},
)
QUEUE = body(
    "ClusterQueue",
    "kueue.x-k8s.io/v1beta2",
    spec={
        "resourceGroups": [
            {
                "coveredResources": ["cpu"],
                "flavors": [{"name": "f", "resources": [{"name": "cpu", "nominalQuota": "8"}]}],
            }
        ]
    },
)


def with_value(base: dict[str, Any], *steps: Any, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(base)
    node = made
    for step in steps[:-1]:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    node[steps[-1]] = value
    return made


@pytest.mark.parametrize(
    ("before", "after", "effect", "rolls_back"),
    [
        (DEPLOYMENT, DEPLOYMENT, Effect.NONE, True),
        (None, DEPLOYMENT, Effect.IN_PLACE, True),
        (DEPLOYMENT, with_value(DEPLOYMENT, "metadata", "labels", value={"a": "1"}), Effect.METADATA, True),
        (DEPLOYMENT, with_value(DEPLOYMENT, "spec", "replicas", value=3), Effect.IN_PLACE, True),
        (DEPLOYMENT, with_value(DEPLOYMENT, "spec", "template", "spec", "x", value=2), Effect.RESTART, True),
        (DEPLOYMENT, with_value(DEPLOYMENT, "spec", "selector", value={"matchLabels": {}}), Effect.REPLACE, False),
        (DEPLOYMENT, None, Effect.LOSS, True),
        (body("Namespace"), None, Effect.LOSS, False),
        (body("Namespace"), body("Namespace", metadata={"name": "a", "labels": {"x": "y"}}), Effect.IN_PLACE, True),
        (body("RoleBinding", roleRef={"name": "a"}), body("RoleBinding", roleRef={"name": "b"}), Effect.REPLACE, False),
        (body("NetworkPolicy"), None, Effect.IN_PLACE, True),
        (
            body("LocalQueue", "kueue.x-k8s.io/v1beta2", spec={"clusterQueue": "a"}),
            body("LocalQueue", "kueue.x-k8s.io/v1beta2", spec={"clusterQueue": "b"}),
            Effect.REPLACE,
            False,
        ),
        (
            body("Topology", "kueue.x-k8s.io/v1beta2", spec={"levels": [{"nodeLabel": "a"}]}),
            body("Topology", "kueue.x-k8s.io/v1beta2", spec={"levels": [{"nodeLabel": "b"}]}),
            Effect.REPLACE,
            False,
        ),
        (
            body("ResourceFlavor", "kueue.x-k8s.io/v1beta2", spec={"topologyName": "t", "nodeLabels": {"a": "1"}}),
            body("ResourceFlavor", "kueue.x-k8s.io/v1beta2", spec={"topologyName": "t", "nodeLabels": {"a": "2"}}),
            Effect.REPLACE,
            False,
        ),
        (
            QUEUE,
            with_value(QUEUE, "spec", "resourceGroups", 0, "flavors", 0, "resources", 0, "nominalQuota", value="4"),
            Effect.RESTART,
            True,
        ),
        (
            QUEUE,
            with_value(QUEUE, "spec", "resourceGroups", 0, "flavors", 0, "resources", 0, "nominalQuota", value="9"),
            Effect.IN_PLACE,
            True,
        ),
        (
            body("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "1Gi"}}}),
            body("PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "2Gi"}}}),
            Effect.IN_PLACE,
            False,
        ),
        (
            body("StatefulSet", "apps/v1", spec={"serviceName": "a", "template": {}}),
            body("StatefulSet", "apps/v1", spec={"serviceName": "b", "template": {}}),
            Effect.LOSS,
            False,
        ),
        (
            body("ConfigMap", immutable=True, data={"a": "1"}),
            body("ConfigMap", immutable=True, data={"a": "2"}),
            Effect.REPLACE,
            False,
        ),
    ],
)  # fmt: skip
def test_the_effect_follows_from_the_api(
    before: dict[str, Any] | None, after: dict[str, Any] | None, effect: Effect, *, rolls_back: bool
) -> None:
    found = EFFECTS.of(before, after)
    assert (found.effect, found.rolls_back) == (effect, rolls_back), found.reasons


def test_a_lower_quota_is_named_as_the_reason() -> None:
    before, after = (body("ResourceQuota", spec={"hard": {"cpu": cpu}}) for cpu in ("8", "4000m"))
    assert "cpu is lower" in EFFECTS.of(before, after).reasons[0]
    assert EFFECTS.of(after, before).reasons == ()
