"""`goldenpath cluster inspect`, on Nodes, ResourceSlices and workloads that a real API server took."""

from __future__ import annotations

import json
import secrets

import pytest
import small_requests
from click.testing import CliRunner
from verb_clusters import account, kubeconfig

from goldenpath import kubeyaml
from goldenpath.cli.root_command import cli
from goldenpath.spec.parse import parse_fleet

SLICES = "/apis/resource.k8s.io/v1/resourceslices"
FLEET = small_requests.fleet(clusters=None)


@pytest.fixture
def made(cluster, onboarding):
    """A GPU Node, a slice of another, Flux without its lockdown, and Kueue; gone afterwards, for other tests."""
    name = f"i-{secrets.token_hex(4)}"
    onboarding.namespace(name)
    labels = {"nvidia.com/gpu.product": "NVIDIA-L40S", "topology.kubernetes.io/region": "eu-7"}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"unschedulable": True},
    }
    capacity = {"cpu": "8", "nvidia.com/gpu": "4"}
    piece = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": "gpu.nvidia.com",
            "nodeName": name,
            "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
            "devices": [
                {
                    "name": f"gpu-{number}",
                    "attributes": {"type": {"string": "gpu"}, "productName": {"string": "NVIDIA B200"}},
                }
                for number in range(2)
            ],
        },
    }
    bodies = [
        node,
        piece,
        deployment(name, "kustomize-controller", "ghcr.io/fluxcd/kustomize-controller:v1.9.4"),
        deployment(name, "kueue-controller-manager", "registry.k8s.io/kueue/kueue:v0.19.2"),
    ]
    for body in bodies:
        answer = cluster.create(body)
        assert answer.ok, answer.message
    status = cluster.merge(node, {"status": {"capacity": capacity, "allocatable": capacity}}, "status")
    assert status.ok, status.message
    yield name
    for body in bodies:
        assert cluster.delete(body).ok


def deployment(namespace, name, image):
    pod = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "manager", "image": image, "args": ["--no-remote-bases=true"]}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": pod}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def run(*arguments):
    return CliRunner().invoke(cli, ("cluster", "inspect", *arguments), prog_name="goldenpath")


def test_the_inspected_cluster_is_a_valid_entry(cluster, made, tmp_path):
    found = run("--kubeconfig", kubeconfig(cluster, tmp_path, "eu-7"), "--context", "eu-7")

    assert found.exit_code == 1, found.output  # Flux is not locked down
    document = kubeyaml.load(found.stdout)
    parsed = parse_fleet({**FLEET, **document}).clusters["eu-7"]
    assert parsed.kubernetes == ".".join(
        cluster.send("GET", "/version").body["gitVersion"][1:].split(".")[:2]
    )
    assert (parsed.addons["flux"], parsed.addons["kueue"]) == ("2.9", "0.19")
    pools = {(pool.profile, pool.allocation): pool.count for pool in parsed.accelerators}
    assert pools["nvidia-l40s-48gb", "device-plugin"] == 4
    assert pools["nvidia-b200-180gb", "dra"] == 2


def test_missing_flags_of_flux_are_reported_with_their_deployment(cluster, made, tmp_path):
    found = run("--kubeconfig", kubeconfig(cluster, tmp_path), "--context", "test", "--format", "json")

    lacking = [
        finding["message"].split()[0]
        for finding in json.loads(found.stdout)["findings"]
        if finding["object"] == f"Deployment {made}/kustomize-controller"
    ]
    assert lacking == ["--default-service-account", "--no-cross-namespace-refs"]


def test_the_context_that_is_current_is_looked_at_where_none_is_named(cluster, made, tmp_path):
    found = run("--kubeconfig", kubeconfig(cluster, tmp_path), "--name", "mine")

    assert list(kubeyaml.load(found.stdout)["clusters"]) == ["mine"]


def test_a_user_who_may_not_read_nodes_is_reported_so(cluster, onboarding, tmp_path):
    name = f"i-{secrets.token_hex(4)}"
    onboarding.namespace(name)

    refused = run("--kubeconfig", kubeconfig(account(cluster, name), tmp_path))

    assert refused.exit_code == 2
    assert 'cannot list resource "nodes"' in refused.stderr
