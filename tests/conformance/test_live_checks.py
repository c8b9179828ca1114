"""Verdicts of each check on recorded conditions; tests/cluster uses a real API server."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from goldenpath import kubeyaml
from goldenpath.conformance import Verdict, check_cluster, requirements_of, submission_problems
from goldenpath.conformance.evidence_files import evidence_files
from goldenpath.conformance.live_checks import Addresses
from goldenpath.conformance.manifest_checks import read_manifests
from goldenpath.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
GATEWAY = "gateway.networking.k8s.io/v1"


class Kind(NamedTuple):
    kind: str
    plural: str


class Cluster:
    """An API server's answers."""

    def __init__(
        self, *objects: dict[str, Any], served: tuple[str, ...] = (), refuses: bool = False, answer: str = ""
    ) -> None:
        self.objects, self.refuses, self.answer = objects, refuses, answer
        self.served = {*served, *(each["kind"] for each in objects)}

    def find(self, _: str, kind: str) -> Kind | None:
        return Kind(kind, f"{kind.lower()}s") if kind in self.served else None

    def all_of(self, resource: Kind, *_: Any) -> Iterator[dict[str, Any]]:
        if self.refuses:
            raise ClusterError("the list is forbidden")
        return iter([each for each in self.objects if each["kind"] == resource.kind])

    def try_create(self, *_: Any, **__: Any) -> None:
        if self.answer:
            raise ClusterError(self.answer)


def checked(cluster: Cluster, requirement: str, **addresses: Any) -> Any:
    wanted = [each for each in requirements_of("1.37") if each.id == requirement]
    (result,) = check_cluster(cluster, wanted, now=lambda: NOW, addresses=Addresses(**addresses))
    return result


def made(kind: str, spec: Any = None, status: Any = None, **metadata: Any) -> dict[str, Any]:
    name = {"name": kind.lower(), "namespace": "apps"}
    return {"kind": kind, "metadata": name | metadata, "spec": spec or {}, "status": status or {}}


def conditions(*kinds: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": "True"} for kind in kinds]


def inference(**route: Any) -> list[dict[str, Any]]:
    parent = {"parentRef": {"name": "gateway"}, "conditions": conditions("Accepted", "ResolvedRefs")}
    rule = {"backendRefs": [{"name": "a", "weight": 9}, {"name": "b", "weight": 1}]}
    header = {"matches": [{"headers": [{"name": "x-model", "value": "a"}]}], "backendRefs": [{"name": "a"}]}
    return [
        made("GatewayClass", status={"conditions": conditions("Accepted")}),
        made(
            "Gateway",
            {"gatewayClassName": "gatewayclass"},
            {"conditions": conditions("Accepted", "Programmed")},
        ),
        made("HTTPRoute", {"rules": [rule, header]}, {"parents": [parent]}, **route),
    ]


def test_inference_passes_only_where_everything_was_seen_to_work() -> None:
    objects = inference()
    assert checked(Cluster(*objects), "ai_inference").verdict is Verdict.PASS
    for index in range(3):
        broken = json.loads(json.dumps(objects))
        broken[index]["status"] = {}
        assert checked(Cluster(*broken), "ai_inference").verdict is Verdict.SKIP
    objects[2]["spec"]["rules"] = objects[2]["spec"]["rules"][1:]
    assert "splits traffic" in checked(Cluster(*objects), "ai_inference").reason


def test_an_api_that_is_not_served_fails() -> None:
    assert checked(Cluster(), "ai_inference").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "mark",
    [
        {"labels": {"app.kubernetes.io/managed-by": "goldenpath"}},
        {"managedFields": [{"manager": "goldenpath"}]},
    ],
)
def test_objects_of_goldenpath_are_no_evidence(mark: dict[str, Any]) -> None:
    result = checked(Cluster(*inference(**mark)), "ai_inference")
    assert result.verdict is Verdict.SKIP
    assert result.not_counted == 1
    assert "x-model" not in "".join(look.output for look in result.looks)


@pytest.mark.parametrize("requirement", [each.id for each in requirements_of("1.37")])
def test_a_caller_without_permission_sees_nothing(requirement: str) -> None:
    everything = (
        "HTTPRoute",
        "Gateway",
        "GatewayClass",
        "Node",
        "ResourceSlice",
        "TrainJob",
        "InferencePool",
    )
    result = checked(Cluster(served=everything, refuses=True), requirement)
    assert result.verdict is Verdict.SKIP
    assert result.reason


def node(**changes: Any) -> dict[str, Any]:
    labels = {"nvidia.com/cuda.driver-version.full": "580.1"}
    status = {"allocatable": {"cpu": "8", "nvidia.com/mig-1g.10gb": "7"}}
    return made("Node", None, status | changes, labels=changes.pop("labels", labels))


def test_parts_of_accelerators_and_drivers() -> None:
    assert checked(Cluster(node()), "gpu_sharing").verdict is Verdict.PASS
    whole = node(allocatable={"nvidia.com/gpu": "8"})
    assert checked(Cluster(whole), "gpu_sharing").verdict is Verdict.SKIP
    assert checked(Cluster(node()), "driver_runtime_management").verdict is Verdict.PASS
    silent = node()
    silent["metadata"]["labels"] = {}
    assert checked(Cluster(silent), "driver_runtime_management").verdict is Verdict.SKIP
    assert checked(Cluster(served=("Node",)), "driver_runtime_management").verdict is Verdict.SKIP


def test_an_operator_needs_a_webhook_and_something_completed() -> None:
    hook = made("ValidatingWebhookConfiguration") | {
        "webhooks": [{"rules": [{"apiGroups": ["trainer.kubeflow.org"]}]}]
    }
    done = made("TrainJob", status={"conditions": conditions("Complete")})
    done["apiVersion"] = "trainer.kubeflow.org/v1alpha1"

    def verdict(*objects: dict[str, Any], answer: str = "") -> Verdict:
        return checked(Cluster(*objects, answer=answer), "robust_controller").verdict

    assert verdict(hook, done) is Verdict.PASS
    assert verdict(hook, done, answer='admission webhook "v" denied the request: no') is Verdict.PASS
    assert verdict(hook, done, answer='failed calling webhook "v": timeout') is Verdict.SKIP
    assert verdict(done) is Verdict.SKIP
    assert verdict(hook, made("TrainJob")) is Verdict.SKIP
    hook["webhooks"][0]["failurePolicy"] = "Ignore"
    assert verdict(hook, done) is Verdict.SKIP


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: apps}
spec:
  template:
    spec:
      containers:
      - {name: main, securityContext: {privileged: PRIVILEGED}}
      volumes:
      - {name: devices, hostPath: {path: PATH}}
"""


@pytest.mark.parametrize(
    ("privileged", "path", "verdict"),
    [
        ("false", "/var/log", Verdict.SKIP),
        ("true", "/var/log", Verdict.FAIL),
        ("false", "/dev/nvidia0", Verdict.FAIL),
        ("false", "/devices", Verdict.SKIP),
    ],
)
def test_manifests_can_fail_and_never_pass(
    tmp_path: Path, privileged: str, path: str, verdict: Verdict
) -> None:
    (tmp_path / "a.yaml").write_text(DEPLOYMENT.replace("PRIVILEGED", privileged).replace("PATH", path))
    found = checked(Cluster(), "secure_accelerator_access", manifests=read_manifests(tmp_path))
    assert found.verdict is verdict


@pytest.fixture
def pages() -> Iterator[dict[str, str]]:
    """A web server with these pages; its own address is the page `url`."""
    answers: dict[str, str] = {}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = answers.get(self.path.partition("?")[0], "").encode()
            self.send_response(200 if text else 404)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answers["url"] = f"http://127.0.0.1:{server.server_port}"
        yield answers
        server.shutdown()


def test_metrics_of_each_device(pages: dict[str, str]) -> None:
    url = f"{pages['url']}/metrics"
    whole = 'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1"} 7\nDCGM_FI_DEV_FB_USED{gpu="0"} 9\n'
    pages["/metrics"] = whole
    result = checked(Cluster(), "accelerator_metrics", accelerator_metrics=url)
    assert result.verdict is Verdict.PASS
    assert result.looks[-1].output == whole
    assert result.looks[-1].when == NOW
    pages["/metrics"] = whole.replace("FB_USED{gpu", "FB_USED{host")
    assert checked(Cluster(), "accelerator_metrics", accelerator_metrics=url).verdict is Verdict.FAIL
    assert checked(Cluster(), "accelerator_metrics").verdict is Verdict.SKIP
    gone = checked(Cluster(), "accelerator_metrics", accelerator_metrics=f"{pages['url']}/none")
    assert gone.verdict is Verdict.SKIP


def test_metrics_of_servers(pages: dict[str, str]) -> None:
    answer = {"data": {"result": [{"metric": {"__name__": "vllm:num_requests_running"}, "value": [0, "1"]}]}}
    pages["/api/v1/query"] = json.dumps(answer)
    assert checked(Cluster(), "ai_service_metrics", prometheus=pages["url"]).verdict is Verdict.PASS
    pages["/api/v1/query"] = json.dumps({"data": {"result": []}})
    assert checked(Cluster(), "ai_service_metrics", prometheus=pages["url"]).verdict is Verdict.SKIP


def test_a_draft_claims_only_passed_requirements(tmp_path: Path) -> None:
    everything = requirements_of("1.37")
    results = check_cluster(Cluster(*inference(), node()), everything, now=lambda: NOW)
    files = evidence_files(results, version="1.37", server="v1.37.1", release="0.1.0")
    assert evidence_files(results, version="1.37", server="v1.37.1", release="0.1.0") == files
    product = kubeyaml.load(files["PRODUCT.yaml"])
    claimed = {each["id"] for entries in product["spec"].values() for each in entries if each["status"]}
    assert claimed == {each.requirement.id for each in results if each.verdict is Verdict.PASS}
    assert claimed == {"ai_inference", "gpu_sharing", "driver_runtime_management"}
    folder = tmp_path / "v1.37" / "ours"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    found = submission_problems(folder / "PRODUCT.yaml")
    assert {each.rule for each in found} == {"placeholder", "must", "choice"}, (
        "the evidence itself is accepted"
    )
    open_ones = {each.path for each in found if each.rule == "must"}
    assert not any("ai_inference" in path for path in open_ones)
    page = files["ai_inference.md"]
    assert "**PASS**" in page
    assert "kubectl get httproutes.gateway.networking.k8s.io -A -o json" in page
    assert NOW.isoformat() in page


def test_no_skip_becomes_a_pass_anywhere() -> None:
    results = check_cluster(Cluster(), requirements_of("1.37"), now=lambda: NOW)
    files = evidence_files(results, version="1.37", server="v1.37.1", release="0.1.0")
    actions = [json.loads(line) for line in files["results.json"].splitlines()]
    last = {each["Test"]: each["Action"] for each in actions if each["Action"] not in {"run", "output"}}
    assert last == {f"Goldenpath/{each.requirement.id}": each.verdict.value for each in results}
    assert "pass" not in last.values()
