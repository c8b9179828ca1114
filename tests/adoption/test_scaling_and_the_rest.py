"""Handmade scalers, and objects that are not part of a request."""

from __future__ import annotations

from typing import Any

import pytest
from made_by_hand import FLEET, RBAC, adopt, deployment, item, left, queue, quota

from goldenpath import kubeyaml
from goldenpath.adoption import ToDo
from goldenpath.manifests import ManifestObject
from goldenpath.pipeline import parse


def scaled(query: str, threshold: str, **spec: Any) -> ManifestObject:
    trigger = {"type": "prometheus", "metadata": {"query": query, "threshold": threshold}}
    return item("ScaledObject", "server", "keda.sh", spec={"triggers": [trigger]} | spec)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            scaled('sum(vllm:num_requests_waiting{namespace="vision"})', "3", minReplicaCount=1, maxReplicaCount=6),
            {"signal": "queue", "target": 3, "min_replicas": 1, "max_replicas": 6},
        ),
        (
            scaled("histogram_quantile(0.9, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[5m])))", "0.75", cooldownPeriod=60),
            {"signal": "latency", "time_to_first_token": "750ms", "min_replicas": 0, "max_replicas": 100, "cooldown": "60s"},
        ),
        (
            item("HorizontalPodAutoscaler", "server", "autoscaling", spec={
                "maxReplicas": 4, "metrics": [{"type": "Pods", "pods": {"metric": {"name": "vllm:num_requests_waiting"}, "target": {"averageValue": "5"}}}],
            }),
            {"signal": "queue", "target": 5, "min_replicas": 1, "max_replicas": 4},
        ),
    ],
)  # fmt: skip
def test_a_scaler_that_reads_an_engine_gives_the_signal(found: ManifestObject, words: dict[str, Any]) -> None:
    adoption = adopt(found)
    assert adoption.request["autoscaling"] == words
    assert left(adoption)[str(found), ""] is ToDo.REPOSITORY
    parse(adoption.request, fleet=FLEET)


def test_a_scaler_of_something_else_stays_the_teams() -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu"}}
    found = item("HorizontalPodAutoscaler", "web", "autoscaling", spec={"maxReplicas": 4, "metrics": [cpu]})
    adoption = adopt(found)
    assert "autoscaling" not in adoption.request
    assert left(adoption)[str(found), ""] is ToDo.REPOSITORY


def test_leftovers_of_the_team_and_of_the_platform() -> None:
    adoption = adopt(
        deployment(),
        *(item("ConfigMap", f"c{number}") for number in range(7)),
        item("ConfigMap", "kube-root-ca.crt"),
        item("Secret", "token"),
        item("Secret", "sh.helm.release.v1.a.v1", type="helm.sh/release.v1"),
        item("Ingress", "web", "networking.k8s.io"),
        item("LimitRange", "defaults"),
        item("ReplicaSet", "server-1", "apps"),
        item(
            "Job",
            "nightly-1",
            "batch",
            metadata={"name": "nightly-1", "namespace": "vision", "ownerReferences": [{"kind": "CronJob"}]},
        ),
    )
    assert left(adoption) == {
        ("Deployment vision/server", ""): ToDo.REPOSITORY,
        ("ConfigMap vision/", ""): ToDo.REPOSITORY,
        ("ConfigMap vision/kube-root-ca.crt", ""): ToDo.KEEP,
        ("Job vision/nightly-1", ""): ToDo.KEEP,
        ("Secret vision/sh.helm.release.v1.a.v1", ""): ToDo.KEEP,
        ("Secret vision/token", ""): ToDo.REPOSITORY,
        ("ReplicaSet vision/server-1", ""): ToDo.REPOSITORY,
        ("Ingress vision/web", ""): ToDo.INPUT,
        ("LimitRange vision/defaults", ""): ToDo.REMOVE,
    }
    (many,) = [leftover.what for leftover in adoption.leftovers if leftover.object == "ConfigMap vision/"]
    assert many == "7 objects: c0, c1, c2, c3, c4 …"


def test_fields_that_the_server_adds_change_nothing() -> None:
    plain = [quota({"cpu": "64"}), deployment(), *queue(("nvidia.com/gpu", "default", 8, 0))]
    live = []
    for found in plain:
        metadata = {**found.body["metadata"], "uid": "1", "resourceVersion": "2", "managedFields": [{"manager": "kubectl"}], "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}  # fmt: skip
        live.append(ManifestObject(found.file, {**found.body, "metadata": metadata, "status": {"used": {}}}))
    assert adopt(*live) == adopt(*plain)
    listed = ManifestObject(
        "all.yaml", {"apiVersion": "v1", "kind": "List", "items": [one.body for one in live]}
    )
    assert adopt(listed).request == adopt(*plain).request
    assert adopt(*reversed(plain), *live) == adopt(*plain)


def test_the_text_is_the_request() -> None:
    adoption = adopt(quota({"cpu": "64"}), title='Vision: "research" # one')
    assert kubeyaml.load(adoption.text) == adoption.request
    assert adoption.text.startswith("# Derived from namespace vision on berlin.")


@pytest.mark.parametrize("body", [None, [], "x", 7, {"hard": []}, {"egress": [None]}, {"resourceGroups": 1}])
def test_objects_of_no_sense_are_passed_over(body: Any) -> None:
    kinds = [
        ("ResourceQuota", ""), ("NetworkPolicy", "networking.k8s.io"), ("RoleBinding", RBAC), ("LocalQueue", "kueue.x-k8s.io"),
        ("Kustomization", "kustomize.toolkit.fluxcd.io"), ("ScaledObject", "keda.sh"), ("Deployment", "apps"),
    ]  # fmt: skip
    objects = [item(kind, "odd", group, spec=body, subjects=body, roleRef=body) for kind, group in kinds]
    objects.append(item("ClusterSPIFFEID", "odd", "spire.spiffe.io", namespace="", spec=body))
    objects.append(item("ClusterQueue", "odd", "kueue.x-k8s.io", namespace="", spec=body))
    objects.append(ManifestObject("odd.yaml", {"apiVersion": "v1", "kind": "Service", "metadata": body}))
    assert adopt(*objects).request["name"] == "vision"
