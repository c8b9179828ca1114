"""`goldenpath conformance` on a real control plane: it claims what it sees there, and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from nodes import made_up_node
from verb_clusters import kubeconfig

from goldenpath.cli.root_command import cli
from goldenpath.conformance import submission_problems

if TYPE_CHECKING:
    from pathlib import Path


def conformance(api: Any, folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and the result of each requirement."""
    words = ["conformance", "--kubeconfig", kubeconfig(api, folder), "--format", "json", *options]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code in {0, 1}, done.output
    document = json.loads(done.stdout)
    return done.exit_code, {each["requirement"]: each for each in document["results"]}


def test_a_control_plane_without_nodes_shows_little_and_claims_no_more(cluster, tmp_path):
    folder = tmp_path / "v1.37" / "ours"
    _, results = conformance(cluster, tmp_path, "--output", str(folder))
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
    _, results = conformance(cluster, tmp_path, "--version", "1.35")
    assert results["dra_support"]["verdict"] == "pass"


@pytest.mark.usefixtures("kueue")
def test_a_gang_starts_as_a_whole_on_the_real_kueue(platform, tmp_path):
    with made_up_node(platform.api) as node:
        # The probe's Pods tolerate nothing.
        assert platform.api.merge(node, {"spec": {"taints": []}}).ok
        folder = tmp_path / "v1.37" / "ours"
        _, results = conformance(platform.api, tmp_path, "--probe", "--output", str(folder))
    gang = results["gang_scheduling"]
    assert (gang["verdict"], gang["reason"]) == (
        "pass",
        "No Pod of 2 started with quota for one; all started with quota for 2.",
    )
    page = (folder / "gang_scheduling.md").read_text()
    assert "no Pod for 5 s, with quota for one of 2" in page
    queues = platform.api.send("GET", "/apis/kueue.x-k8s.io/v1beta2/clusterqueues").body["items"]
    assert not [each for each in queues if each["metadata"]["name"].startswith("goldenpath-probe-")]
