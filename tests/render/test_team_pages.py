"""Examples of a team's page: a valid Deployment in the queue, with metrics and a route."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from small_requests import cluster, fleet, request

from goldenpath import kubeyaml
from goldenpath.check import check_objects
from goldenpath.manifests import ManifestObject
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from goldenpath.tenancy.rendered import RenderedOnCluster

H100 = "nvidia-h100-80gb"
GPUS = [{"profile": H100, "quota": 2}]
SCALING = {"signal": "queue", "max_replicas": 4}
OWN = {"name": "chat", "pods": {"app": "chat"}, "port": 9000, "hosts": ["chat.example.org"]}
EVERYTHING = {
    "flux": "2.9", "kueue": "0.19", "keda": "2.20", "prometheus-operator": "0.93", "cilium": "1.20", "gateway-api": "1.6",
}  # fmt: skip
GATEWAY = {"namespace": "edge", "name": "public", "section": "https"}


def part(
    asked: dict[str, Any], *, pool: dict[str, Any] | None = None, **changes: Any
) -> RenderedOnCluster[Any]:
    on = fleet(
        monitoring={"namespace": "monitoring", "prometheus": "http://p.monitoring:9090"},
        clusters={
            "berlin": cluster(
                {"profile": H100, "count": 8} | (pool or {}),
                **({"addons": EVERYTHING, "gateway": GATEWAY} | changes),
            )
        },
    )
    pipeline = Pipeline(parse_fleet(on))
    (only,) = pipeline.run(parse(request(**asked), fleet=pipeline.fleet)).parts
    return only


def shown(of: RenderedOnCluster[Any]) -> dict[str, dict[str, Any]]:
    """The objects of the model server that the page shows, by kind."""
    (page,) = (file.text for file in of.manifests.files if file.path.endswith("README.md"))
    blocks = re.findall(
        r"^### A model server on berlin\n(?:.*\n)*?```yaml\n((?:.*\n)+?)```$", page, re.MULTILINE
    )
    return {body["kind"]: body for block in blocks for body in kubeyaml.load_all(block)}


@pytest.mark.parametrize(
    ("asked", "cluster_of_it"),
    [
        ({"gpus": GPUS, "autoscaling": SCALING}, {}),
        ({"gpus": GPUS, "serving": [OWN]}, {}),
        ({"serving": [OWN]}, {}),
        ({"gpus": GPUS, "autoscaling": SCALING, "serving": [OWN]}, {"pool": {"allocation": "dra"}}),
        ({"gpus": GPUS, "autoscaling": SCALING, "serving": [OWN]}, {"pool": {"allocation": "dra"}, "kubernetes": "1.35"}),
        ({"gpus": GPUS, "autoscaling": SCALING, "identity": {"service_accounts": ["server"]}}, {"addons": {"flux": "2.9"}}),
        ({"gpus": GPUS, "autoscaling": SCALING, "serving": [OWN]}, {"gateway": {"namespace": "edge"}}),
    ],
)  # fmt: skip
def test_the_shown_server_passes_every_check(asked: dict[str, Any], cluster_of_it: dict[str, Any]) -> None:
    of = part(asked, **cluster_of_it)
    bodies = shown(of)
    assert {"Deployment", "Service"} <= bodies.keys()
    copied = [ManifestObject("copied.yaml", body) for body in bodies.values()]
    found = [each for each in check_objects([*of.objects, *copied]) if each.file == "copied.yaml"]
    assert found == []


def test_the_example_has_queue_priority_and_metrics() -> None:
    of = part({"gpus": GPUS, "autoscaling": {**SCALING, "workload": "chat"}})
    deployment = shown(of)["Deployment"]
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert deployment["metadata"]["name"] == "chat"
    assert deployment["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "vision"
    assert template["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "vision"
    assert template["spec"]["priorityClassName"] == "goldenpath-serving"
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    (monitor,) = (item.body["spec"] for item in of.objects if item.kind == "PodMonitor")
    assert [each["port"] for each in monitor["podMetricsEndpoints"]] == [
        port["name"] for port in container["ports"]
    ]
    assert "replicas" not in deployment["spec"], "the scaler sets them"


def test_service_and_route_of_the_example_select_it() -> None:
    of = part({"gpus": GPUS, "serving": [OWN]})
    deployment, service, route = (shown(of)[kind] for kind in ("Deployment", "Service", "HTTPRoute"))
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    (port,) = service["spec"]["ports"]
    assert [
        each["containerPort"] for each in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]
    ] == [9000]
    assert port["targetPort"] == "metrics"
    assert route["spec"]["parentRefs"] == [{"name": "public", "namespace": "edge", "sectionName": "https"}]
    assert route["spec"]["hostnames"] == ["chat.example.org"]
    assert route["spec"]["rules"] == [{"backendRefs": [{"name": "chat", "port": port["port"]}]}]


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"gpus": GPUS}, set()),
        ({"serving": [{"name": "summariser", "hosts": ["summariser.example.org"]}]}, set()),
        ({"autoscaling": SCALING}, {"Deployment", "Service"}),
        ({"autoscaling": SCALING, "serving": [{"name": "a", "hosts": ["a.example.org"]}]}, {"Deployment", "Service"}),
        ({"autoscaling": {**SCALING, "workload": "chat"}, "serving": [{**OWN, "name": "first", "hosts": [], "callers": {"tenants": ["retail"]}}, OWN]}, {"Deployment", "Service", "HTTPRoute"}),
    ],
)  # fmt: skip
def test_only_a_team_that_serves_models_itself_sees_a_server(asked: dict[str, Any], kinds: set[str]) -> None:
    assert shown(part(asked)).keys() == kinds


def test_a_cluster_without_a_gateway_has_no_route() -> None:
    assert "HTTPRoute" not in shown(part({"gpus": GPUS, "serving": [OWN]}, gateway=None))
