"""Objects of KServe's real controller for an inference service, under our policies.

Pods are bound and called ready by a stand-in (``kubelet.py``); KServe's own images are never run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import crd_files
import pytest
from components import components
from conftest import crds_folder
from kserve import kserve
from kube_api import eventually
from kubelet import kubelet
from live_services import serve, watched

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from live_services import Served
    from live_tenants import Onboarding

MISSING = components()["kserve"].missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: make cluster-assets")
EXAMPLE = builtin_folder() / "inference-service" / "examples" / "with-kserve"
RECORDED = Path(__file__).parents[1] / "policies" / "controllers" / "llminferenceservice.yaml"
WORKLOAD, QUEUE = "goldenpath.dev/workload", "kueue.x-k8s.io/queue-name"
GROUPS = ("serving.kserve.io", "leaderworkerset.x-k8s.io", "gateway.networking.k8s.io")


@pytest.fixture(scope="module")
def served(
    custom_resources: Api,
    onboarding: Onboarding,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """The example, with a Deployment of KServe's whose Pod is ready."""
    definitions = crds_folder(request.config)
    assert definitions
    crd_files.load(onboarding.api, definitions, crd_files.of_groups(definitions, *GROUPS))
    fleet = kubeyaml.load_file(EXAMPLE / "fleet.yaml")
    tenant = kubeyaml.load_file(EXAMPLE / "tenants" / "vision" / "tenant.yaml")
    service = serve(onboarding, fleet, tenant, kubeyaml.load_file(EXAMPLE / "spec.yaml"))
    with (
        kserve(onboarding.api, tmp_path_factory.mktemp("kserve")),
        kubelet(onboarding.api, service.tenant, tmp_path_factory.mktemp("kubelet")),
    ):
        service.apply()
        eventually(
            lambda: bool(pods(onboarding.api, service)),
            lambda: f"a Pod is there; KServe says: {conditions(onboarding.api, service)}",
            90,
        )
        yield service


def pods(api: Api, service: Served) -> list[dict[str, Any]]:
    return api.list("v1", "Pod", service.tenant)


def conditions(api: Api, service: Served) -> list[dict[str, Any]]:
    metadata = {"name": service.name, "namespace": service.tenant}
    body = {
        "apiVersion": "serving.kserve.io/v1alpha2",
        "kind": "LLMInferenceService",
        "metadata": metadata,
    }
    found: list[dict[str, Any]] = api.get(body).body.get("status", {}).get("conditions", [])
    return found


def deployment(api: Api, service: Served) -> dict[str, Any]:
    (body,) = api.list("apps/v1", "Deployment", service.tenant)
    return {"apiVersion": "apps/v1", "kind": "Deployment", **body}


def test_policies_admit_what_the_controller_creates(onboarding: Onboarding, served: Served) -> None:
    made = deployment(onboarding.api, served)
    assert made["metadata"]["name"] == f"{served.name}-kserve"
    assert made["metadata"]["ownerReferences"][0]["kind"] == "LLMInferenceService"
    for pod in pods(onboarding.api, served):
        labels = pod["metadata"]["labels"]
        assert (labels[WORKLOAD], labels[QUEUE]) == (served.name, served.tenant)


def test_kserve_reports_the_service_ready(onboarding: Onboarding, served: Served) -> None:
    def ready() -> list[str]:
        return [each["status"] for each in conditions(onboarding.api, served) if each["type"] == "Ready"]

    eventually(lambda: ready() == ["True"], lambda: f"{conditions(onboarding.api, served)}", 60)


def test_what_is_recorded_names_what_the_controller_creates(onboarding: Onboarding, served: Served) -> None:
    """Of a service on one node without a router: the Deployment, the Service and the Secret."""
    recorded = {
        step["object"]["kind"]: step["object"]
        for step in kubeyaml.load_file(RECORDED)["steps"]
        if step["object"]["metadata"]["name"]
        in ("chat-kserve", "chat-kserve-workload-svc", "chat-kserve-self-signed-certs")
    }
    assert set(recorded) == {"Deployment", "Service", "Secret"}
    for kind, body in recorded.items():
        version, name = body["apiVersion"], body["metadata"]["name"].replace("chat", served.name)
        there = onboarding.api.list(version, kind, served.tenant)
        (found,) = [each for each in there if each["metadata"]["name"] == name]
        assert set(body["metadata"]["labels"]) <= set(found["metadata"]["labels"])
        (owner,) = found["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("LLMInferenceService", served.name)


def test_the_server_is_the_rendered_one_and_not_that_of_the_preset(
    onboarding: Onboarding, served: Served
) -> None:
    asked = served.object("LLMInferenceService")["spec"]["template"]
    made = deployment(onboarding.api, served)["spec"]["template"]["spec"]
    for field in ("serviceAccountName", "priorityClassName", "terminationGracePeriodSeconds", "tolerations"):
        assert made[field] == asked[field]
    (wanted,), (server,) = asked["containers"], made["containers"]
    for field in ("image", "command", "args", "resources", "lifecycle", "ports"):
        assert server[field] == wanted[field], field
    for field in ("env", "volumeMounts"):
        assert [each for each in wanted[field] if each not in server[field]] == [], field
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert (server[probe] | wanted[probe])["failureThreshold"] == server[probe]["failureThreshold"]
    assert not made.get("initContainers"), "KServe downloads nothing"


def test_the_number_of_replicas_that_a_scaler_sets_stays(onboarding: Onboarding, served: Served) -> None:
    """Also when the service changes, and KServe writes its Deployment anew."""
    name = deployment(onboarding.api, served)["metadata"]["name"]
    scaled = onboarding.api.merge(deployment(onboarding.api, served), {"spec": {"replicas": 3}}, "scale")
    assert scaled.ok, scaled.message
    served.apply(longest_answer="4m")

    def grace() -> int:
        seconds: int = deployment(onboarding.api, served)["spec"]["template"]["spec"][
            "terminationGracePeriodSeconds"
        ]
        return seconds

    eventually(lambda: grace() == 270, lambda: f"KServe has written the change: {grace()}", 60)
    assert watched(onboarding.api, served.tenant, name, 3) == {3}
