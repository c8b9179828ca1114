"""`goldenpath conformance` on a real control plane claims only what it sees."""

from __future__ import annotations

import copy
import secrets
from typing import Any

import crd_files
import pytest
from conformance_runs import conformance
from conftest import crds_folder
from nodes import made_up_node

from goldenpath.conformance import submission_problems


def test_a_control_plane_without_nodes_shows_little_and_claims_no_more(cluster, tmp_path):
    folder = tmp_path / "v1.37" / "ours"
    results = conformance(cluster, tmp_path, "--output", str(folder))
    assert len(results) == 15
    for needs_a_node in (
        "secure_accelerator_access",
        "cluster_autoscaling",
        "pod_autoscaling",
        "workload_sandboxing",
    ):
        assert results[needs_a_node]["verdict"] == "skip"
    assert results["ai_inference"]["verdict"] == "skip", (
        "the Gateway API is served, and nobody programs a Gateway"
    )
    assert results["gang_scheduling"]["verdict"] == "skip", "nothing was probed"
    rules = {each.rule for each in submission_problems(folder / "PRODUCT.yaml")}
    assert rules == {"placeholder", "must", "choice"}
    page = (folder / "ai_inference.md").read_text()
    assert "kubectl get gateways.gateway.networking.k8s.io -A -o json" in page


def test_served_dra_passes_where_it_was_required(cluster, tmp_path):
    results = conformance(cluster, tmp_path, "--version", "1.35")
    assert results["dra_support"]["verdict"] == "pass"


@pytest.mark.usefixtures("kueue")
def test_a_gang_starts_as_a_whole_on_the_real_kueue(platform, tmp_path):
    with made_up_node(platform.api) as node:
        # The probe's Pods tolerate nothing.
        assert platform.api.merge(node, {"spec": {"taints": []}}).ok
        folder = tmp_path / "v1.37" / "ours"
        results = conformance(platform.api, tmp_path, "--probe", "--output", str(folder))
    gang = results["gang_scheduling"]
    assert (gang["verdict"], gang["reason"]) == (
        "pass",
        "No Pod of 2 started with quota for one; all started with quota for 2.",
    )
    page = (folder / "gang_scheduling.md").read_text()
    assert "no Pod for 5 s, with quota for one of 2" in page
    queues = platform.api.send("GET", "/apis/kueue.x-k8s.io/v1beta2/clusterqueues").body["items"]
    assert not [each for each in queues if each["metadata"]["name"].startswith("goldenpath-probe-")]


GATEWAY = "gateway.networking.k8s.io/v1"
CONTROLLER = "example.org/stand-in"


def condition(*kinds: str) -> list[dict[str, Any]]:
    return [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "",
            "lastTransitionTime": "2026-11-30T20:00:00Z",
        }
        for kind in kinds
    ]


def a_gateway_in_use(namespace: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A class, a Gateway and a route, each with the status that a controller writes once it serves them."""
    inside = {"namespace": namespace, "name": "public"}
    parent = {"name": "public"}
    split = {
        "matches": [{"headers": [{"name": "x-model", "value": "chat"}]}],
        "backendRefs": [
            {"name": name, "port": 80, "weight": weight} for name, weight in (("a", 90), ("b", 10))
        ],
    }
    return [
        (
            {
                "kind": "GatewayClass",
                "metadata": {"name": namespace},
                "spec": {"controllerName": CONTROLLER},
            },
            {"conditions": condition("Accepted")},
        ),
        (
            {
                "kind": "Gateway",
                "metadata": inside,
                "spec": {
                    "gatewayClassName": namespace,
                    "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
                },
            },
            {"conditions": condition("Accepted", "Programmed")},
        ),
        (
            {"kind": "HTTPRoute", "metadata": inside, "spec": {"parentRefs": [parent], "rules": [split]}},
            {
                "parents": [
                    {
                        "parentRef": parent,
                        "controllerName": CONTROLLER,
                        "conditions": condition("Accepted", "ResolvedRefs"),
                    }
                ]
            },
        ),
    ]


def test_a_gateway_passes_once_its_controller_says_that_it_serves(custom_resources, request, tmp_path):
    """The API server, its CRDs and the check are real; no controller of Gateways is to be had, and a stand-in writes."""
    api, name = custom_resources, f"g-{secrets.token_hex(4)}"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    definitions = crds_folder(request.config)
    crd_files.load(api, definitions, crd_files.of_groups(definitions, "gateway.networking.k8s.io"))
    made = [({"apiVersion": GATEWAY, **body}, status) for body, status in a_gateway_in_use(name)]
    assert api.apply(namespace).ok
    try:
        for number, (body, status) in enumerate(made):
            assert api.apply(copy.deepcopy(body)).ok
            verdict = conformance(api, tmp_path)["ai_inference"]["verdict"]
            assert verdict == "skip", f"{number} of {len(made)} are served"
            answer = api.merge(body, {"status": status}, "status")
            assert answer.ok, answer.message
        found = conformance(api, tmp_path)["ai_inference"]
        assert (found["verdict"], found["reason"]) == (
            "pass",
            "1 HTTPRoutes are accepted by Gateways that are Programmed, with weights and header matches.",
        )
    finally:
        for body, _ in reversed(made):
            api.delete(body)
        api.delete(namespace)
