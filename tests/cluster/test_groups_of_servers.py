"""Objects of the real LeaderWorkerSet controller for an inference service over two nodes, under our policies.

The controller is 0.9, the newest that is to be had here; ``tests/policies/controllers`` has what 0.10 writes. Pods are bound and
called ready by a stand-in (``kubelet.py``).
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import crd_files
import pytest
from components import components
from conformance_runs import conformance
from conftest import crds_folder
from kube_api import eventually
from kubelet import kubelet
from leader_worker_sets import GROUPS, LEADER_WORKER_SETS
from live_services import serve
from webhook_controllers import running_controller

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from live_services import Served
    from live_tenants import Onboarding

MISSING = components()["lws"].missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: make cluster-assets")
EXAMPLE = builtin_folder() / "inference-service" / "examples" / "experts-over-two-nodes"
RECORDED = Path(__file__).parents[1] / "policies" / "controllers" / "leaderworkerset.yaml"
WORKLOAD, QUEUE = "goldenpath.dev/workload", "kueue.x-k8s.io/queue-name"


@pytest.fixture(scope="module")
def group(
    custom_resources: Api,
    onboarding: Onboarding,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """The example, with one group of two Pods that are ready."""
    definitions = crds_folder(request.config)
    assert definitions
    crd_files.load(onboarding.api, definitions, crd_files.of_groups(definitions, *GROUPS))
    fleet = kubeyaml.load_file(EXAMPLE / "fleet.yaml")
    tenant = kubeyaml.load_file(EXAMPLE / "tenants" / "vision" / "tenant.yaml")
    service = serve(onboarding, fleet, tenant, kubeyaml.load_file(EXAMPLE / "spec.yaml"))
    with (
        running_controller(onboarding.api, tmp_path_factory.mktemp("lws"), LEADER_WORKER_SETS),
        kubelet(onboarding.api, service.tenant, tmp_path_factory.mktemp("kubelet")),
    ):
        service.apply()
        eventually(
            lambda: len(pods(onboarding.api, service)) == 2,
            lambda: (
                f"a leader and a worker are there: {[pod['metadata']['name'] for pod in pods(onboarding.api, service)]}"
            ),
            90,
        )
        yield service


def pods(api: Api, service: Served) -> list[dict[str, Any]]:
    return api.list("v1", "Pod", service.tenant)


def test_policies_admit_what_the_controller_creates(onboarding: Onboarding, group: Served) -> None:
    sets = onboarding.api.list("apps/v1", "StatefulSet", group.tenant)
    assert {body["metadata"]["name"] for body in sets} == {group.name, f"{group.name}-0"}
    for body in sets:
        labels = body["spec"]["template"]["metadata"]["labels"]
        assert (labels[WORKLOAD], labels[QUEUE]) == (group.name, group.tenant)
    for pod in pods(onboarding.api, group):
        labels = pod["metadata"]["labels"]
        assert (labels[WORKLOAD], labels[QUEUE]) == (group.name, group.tenant)
        assert pod["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"


def test_what_is_recorded_names_what_the_controller_creates(onboarding: Onboarding, group: Served) -> None:
    """Kinds, accounts that write them, and labels of Pods; 0.10 labels the StatefulSets too."""
    recorded = [step["object"] for step in kubeyaml.load_file(RECORDED)["steps"] if "old" not in step]
    named = {(body["kind"], body["metadata"]["name"].replace("moe", group.name)) for body in recorded}
    there = {
        (kind, body["metadata"]["name"])
        for version, kind in (("apps/v1", "StatefulSet"), ("v1", "Pod"))
        for body in onboarding.api.list(version, kind, group.tenant)
    }
    assert there == {each for each in named if each[0] in ("StatefulSet", "Pod")}
    for body in recorded:
        if body["kind"] == "Pod":
            name = body["metadata"]["name"].replace("moe", group.name)
            (pod,) = [pod for pod in pods(onboarding.api, group) if pod["metadata"]["name"] == name]
            # Kueue, which does not run here, marks what it manages.
            assert set(body["metadata"]["labels"]) - {"kueue.x-k8s.io/managed"} <= set(
                pod["metadata"]["labels"]
            )


def test_only_leaders_answer_requests(onboarding: Onboarding, group: Served) -> None:
    selector = group.object("Service")["spec"]["selector"]
    chosen = [
        pod for pod in pods(onboarding.api, group) if selector.items() <= pod["metadata"]["labels"].items()
    ]
    assert [pod["metadata"]["name"] for pod in chosen] == [f"{group.name}-0"]


def test_the_group_knows_where_its_leader_is(onboarding: Onboarding, group: Served) -> None:
    """The environment that the engine's arguments name is what the controller puts into the Pods."""
    for pod in pods(onboarding.api, group):
        (container,) = pod["spec"]["containers"]
        known = {entry["name"] for entry in container["env"]}
        used = {argument for argument in container["args"] if "$(" in argument}
        assert used
        for argument in used:
            assert argument.partition("$(")[2].partition(")")[0] in known


OPERATOR = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet"}


@pytest.mark.usefixtures("group")
def test_conformance_counts_a_group_that_is_not_of_goldenpath(
    onboarding: Onboarding, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What goldenpath rendered is no evidence; with a group that another person made, the operator is seen to work."""
    api, folder, name = onboarding.api, tmp_path_factory.mktemp("look"), f"g-{secrets.token_hex(4)}"

    def robust() -> dict[str, Any]:
        return conformance(api, folder)["robust_controller"]

    before = robust()
    assert before["verdict"] == "skip"
    assert before["not_counted"] >= 1, "other tests left theirs"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    containers = [{"name": "server", "image": "registry.example.org/server:1"}]
    body = OPERATOR | {
        "metadata": {"name": "theirs", "namespace": name},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {"size": 2, "workerTemplate": {"spec": {"containers": containers}}},
        },
    }
    assert api.apply(namespace).ok
    try:
        with kubelet(api, name, folder):
            assert api.apply(body).ok
            eventually(
                lambda: robust()["verdict"] == "pass", lambda: f"it is seen to work: {robust()['reason']}", 90
            )
        assert robust()["reason"] == (
            "LeaderWorkerSet: the webhook of leaderworkerset.x-k8s.io answers, and 1 LeaderWorkerSets were completed."
        )
        look = OPERATOR | {"metadata": {"name": "goldenpath-look", "namespace": name}}
        assert not api.get(look).ok, "what the webhook is asked about is a dry run"
    finally:
        api.delete(body)
        api.delete(namespace)
