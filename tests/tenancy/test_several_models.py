"""Several models in one namespace: scalers and alerts of one read no other."""

from __future__ import annotations

import re
from typing import Any

import pytest
from small_requests import cluster, fleet, request

from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

FLEET = parse_fleet(
    fleet(
        monitoring={"namespace": "monitoring", "prometheus": "http://prometheus.monitoring:9090"},
        gateway={"namespace": "gateway-system", "name": "public"},
        clusters={
            "berlin": cluster(
                addons={"flux": "2.9", "keda": "2.20", "prometheus-operator": "0.93", "cilium": "1.20"}
            )
        },
    )
)


def objects(**changes: Any) -> dict[tuple[str, str], dict[str, Any]]:
    tenant = parse(request(**changes), fleet=FLEET)
    return {(item.kind, item.name): item.body for item in Pipeline(FLEET).render(tenant).objects()}


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_the_alert_reads_the_pods_that_the_hint_reads(engine: str) -> None:
    scaling = {"signal": "queue", "max_replicas": 4, "workload": "chat", "engine": {"name": engine}}
    rendered = objects(autoscaling=scaling)
    query = rendered["ConfigMap", "vision-autoscaling"]["data"]["query"]
    rules = rendered["PrometheusRule", "vision-alerts"]["spec"]["groups"][0]["rules"]
    (expr,) = (rule["expr"] for rule in rules if rule["alert"] == "TenantScalerWithoutData")
    (of_query,), (of_alert,) = (re.findall(r"\{[^}]*\}", text) for text in (query, expr))
    assert of_query == of_alert
    assert 'pod=~"chat-' in of_alert


def test_without_a_workload_all_servers_are_read_together() -> None:
    rendered = objects(autoscaling={"signal": "queue", "max_replicas": 4})
    rules = rendered["PrometheusRule", "vision-alerts"]["spec"]["groups"][0]["rules"]
    (expr,) = (rule["expr"] for rule in rules if rule["alert"] == "TenantScalerWithoutData")
    assert expr == 'absent(vllm:num_requests_waiting{namespace="vision"})'


def test_each_server_has_policies_for_its_own_pods_only() -> None:
    rendered = objects(
        serving=[
            {
                "name": "chat",
                "callers": {"tenants": ["speech"]},
                "egress": [{"host": "huggingface.co", "port": 443}],
            },
            {"name": "embed", "pods": {"app": "embed"}, "egress": [{"cidr": "10.20.0.0/16", "port": 443}]},
        ]
    )
    callers = rendered["NetworkPolicy", "vision-serving-chat-callers"]["spec"]
    assert callers["podSelector"] == {"matchLabels": {"goldenpath.dev/workload": "chat"}}
    assert callers["ingress"][0]["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "speech"}}}
    ]
    hosts = rendered["CiliumNetworkPolicy", "vision-serving-chat-hosts"]["spec"]
    assert hosts["endpointSelector"] == {"matchLabels": {"k8s:goldenpath.dev/workload": "chat"}}
    assert hosts["egressDeny"]
    assert rendered["NetworkPolicy", "vision-serving-embed-egress"]["spec"]["podSelector"] == {
        "matchLabels": {"app": "embed"}
    }
    assert ("NetworkPolicy", "vision-serving-embed-callers") not in rendered


def test_any_scaler_of_the_namespace_may_show_prometheus_who_asks() -> None:
    rendered = objects()
    token = rendered["TriggerAuthentication", "vision-prometheus"]["spec"]["boundServiceAccountToken"]
    assert token == [{"parameter": "bearerToken", "serviceAccountName": "vision-scaler"}]
    assert ("ConfigMap", "vision-autoscaling") not in rendered


@pytest.mark.parametrize(
    ("addon", "group", "resource"),
    [
        ("gateway-api-inference-extension", "inference.networking.k8s.io", "inferencepools"),
        ("jobset", "jobset.x-k8s.io", "jobsets"),
        ("keda", "keda.sh", "triggerauthentications"),
        ("kserve", "serving.kserve.io", "llminferenceservices"),
        ("llm-d-router", "llm-d.ai", "inferenceobjectives"),
        ("lws", "leaderworkerset.x-k8s.io", "leaderworkersets"),
        ("prometheus-operator", "monitoring.coreos.com", "podmonitors"),
    ],
)
def test_a_right_exists_only_with_its_addon(addon: str, group: str, resource: str) -> None:
    versions = {"kserve": "0.20", "lws": "0.10", "jobset": "0.12", "keda": "2.20", "llm-d-router": "0.10"}

    def rights(**addons: str) -> set[tuple[str, str]]:
        there = parse_fleet(fleet(clusters={"berlin": cluster(addons={"flux": "2.9", **addons})}))
        items = Pipeline(there).render(parse(request(), fleet=there)).objects()
        (role,) = (item.body for item in items if (item.kind, item.name) == ("Role", "vision-reconciler"))
        return {
            (each, what) for rule in role["rules"] for each in rule["apiGroups"] for what in rule["resources"]
        }

    assert (group, resource) not in rights()
    assert (group, resource) in rights(
        **{addon: versions.get(addon, "1.6" if "gateway" in addon else "0.93")}
    )
