"""An endpoint picker with the account and Role that ``tenant`` renders, before two servers of an inference service.

The picker is that of the Gateway API Inference Extension 1.5: llm-d Router, which an inference service renders, grew out
of it, and the module proxy refuses it. Two groups had other names in 1.5, so the test changes these two names and nothing else.
Servers are llm-d-inference-sim, one process each, run by a stand-in (``kubelet.py``).
"""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import crd_files
import pytest
from components import components, from_modules
from conftest import crds_folder
from controller_accounts import account_kubeconfig
from external_processing import chosen_server, is_serving
from kube_api import eventually
from kubelet import Kubelet, Program, kubelet
from live_services import serve
from processes import free_ports, process, read

from goldenpath import kubeyaml
from goldenpath.paths import builtin_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kube_api import Api
    from live_services import Served
    from live_tenants import Onboarding

PICKER, SIMULATOR = components()["endpoint-picker"], components()["llm-d-inference-sim"]
MISSING = [*PICKER.missing(), *SIMULATOR.missing(), *([] if shutil.which("curl") else ["curl"])]
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"needs {', '.join(MISSING)}: make cluster-assets; curl is a package of Debian"
)
EXAMPLE = builtin_folder() / "inference-service" / "examples" / "with-an-inference-pool"
GROUP_NOW, GROUP_THEN = "llm-d.ai", "inference.networking.x-k8s.io"
MODEL = "openai/gpt-oss-20b"
AT_A_TIME = 4
"""Requests that a server answers at a time."""


@dataclass
class Picking:
    """A service with two servers, and where its picker answers."""

    service: Served
    kubelet: Kubelet
    grpc: int
    health: int
    metrics: int

    def chosen(self, prompt: str) -> str:
        body = json.dumps({"model": MODEL, "prompt": prompt, "max_tokens": 5}).encode()
        return chosen_server(self.grpc, body)

    def measured(self, metric: str) -> float:
        """A gauge of the picker; -1 where it has none."""
        text = read(f"http://127.0.0.1:{self.metrics}/metrics").decode()
        values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(f"{metric}{{")]
        return float(values[0]) if values else -1.0


@pytest.fixture(scope="module")
def served(custom_resources: Api, onboarding: Onboarding, request: pytest.FixtureRequest) -> Served:
    """The example and its tenant; the Deployment of the picker is left out, since the test runs the program."""
    definitions = crds_folder(request.config)
    assert definitions
    crd_files.load(
        onboarding.api, definitions, crd_files.of_groups(definitions, "inference.networking.k8s.io")
    )
    for file in PICKER.files:
        onboarding.api.apply_all([kubeyaml.load_file(from_modules() / PICKER.name / file)])
    fleet = kubeyaml.load_file(EXAMPLE / "fleet.yaml")
    tenant = kubeyaml.load_file(EXAMPLE / "tenants" / "vision" / "tenant.yaml")
    service = serve(onboarding, fleet, tenant, kubeyaml.load_file(EXAMPLE / "spec.yaml"))
    for item in service.objects():
        if (item.kind, item.name) != ("Deployment", f"{service.name}-picker"):
            answer = service.account.apply(item.body)
            assert answer.ok, f"{item}: {answer.message}"
    server = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": service.name, "namespace": service.tenant},
    }
    assert service.account.merge(server, {"spec": {"replicas": 2}}).ok
    return service


@contextlib.contextmanager
def picker(
    api: Api, service: Served, account: str, folder: Path
) -> Iterator[tuple[list[int], Callable[..., None]]]:
    """The picker while it is wanted, with the rendered arguments and settings, as an account of the tenant."""
    ports = free_ports(3)
    config = next(
        item.body
        for item in service.objects()
        if (item.kind, item.name) == ("ConfigMap", f"{service.name}-picker")
    )
    (folder / "picker.yaml").write_text(config["data"]["picker.yaml"].replace(GROUP_NOW, GROUP_THEN))
    login = account_kubeconfig(api, folder, service.tenant, account)
    (container,) = rendered(service)["spec"]["template"]["spec"]["containers"]
    options = [argument.replace("/config/", f"{folder}/") for argument in container["args"]]
    names = ("grpc-port", "grpc-health-port", "metrics-port")
    options += [f"--{name}={port}" for name, port in zip(names, ports, strict=True)]
    settings = {"KUBECONFIG": str(login), "NAMESPACE": service.tenant, "POD_NAME": "picker"}
    with process(PICKER.program(), options, folder, settings) as wait:
        yield ports, wait


def rendered(service: Served) -> dict[str, Any]:
    return next(
        item.body
        for item in service.objects()
        if (item.kind, item.name) == ("Deployment", f"{service.name}-picker")
    )


def probe_of(service: Served) -> str:
    """The service that the rendered readiness probe asks about."""
    (container,) = rendered(service)["spec"]["template"]["spec"]["containers"]
    name: str = container["readinessProbe"]["grpc"]["service"]
    return name


@pytest.fixture(scope="module")
def picking(
    onboarding: Onboarding, served: Served, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Picking]:
    api = onboarding.api
    account = f"{served.tenant}-picker"
    metadata = {"name": account, "namespace": served.tenant}
    role = api.get({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata}).body
    rules = [
        {**rule, "apiGroups": [group.replace(GROUP_NOW, GROUP_THEN) for group in rule["apiGroups"]]}
        for rule in role["rules"]
    ]
    assert rules != role["rules"]
    assert api.merge(role, {"rules": rules}).ok
    with (
        kubelet(api, served.tenant, tmp_path_factory.mktemp("kubelet"), simulator()) as running,
        picker(api, served, account, tmp_path_factory.mktemp("picker")) as (ports, wait),
    ):
        eventually(
            lambda: len(running.servers(served.name)) == 2,
            lambda: f"two servers are ready: {running.servers(served.name)}",
            90,
        )
        wait(lambda: is_serving(ports[1], probe_of(served)))
        yield Picking(served, running, *ports)


def simulator() -> Program:
    def options(port: int) -> list[str]:
        return [
            f"--model={MODEL}", f"--port={port}", f"--max-num-seqs={AT_A_TIME}", "--inter-token-latency=100ms",
            "--time-to-first-token=20ms", "--force-dummy-tokenizer",
        ]  # fmt: skip

    return Program(SIMULATOR.program(), options, "/health")


def test_the_picker_answers_the_rendered_probe_and_lists_the_servers(picking: Picking) -> None:
    assert is_serving(picking.health, probe_of(picking.service))
    eventually(
        lambda: picking.measured("inference_pool_ready_pods") == 2,
        lambda: f"the picker knows two servers, but {picking.measured('inference_pool_ready_pods')}",
        30,
    )


def test_the_picker_selects_a_server_of_the_pool(picking: Picking) -> None:
    addresses = {address.removeprefix("http://") for address in picking.kubelet.servers(picking.service.name)}
    assert picking.chosen("which server?") in addresses


def test_the_picker_avoids_a_server_with_a_queue(picking: Picking) -> None:
    busy, idle = sorted(picking.kubelet.servers(picking.service.name))
    with requests_to(busy, 4 * AT_A_TIME):
        eventually(
            lambda: picking.measured("inference_pool_average_queue_size") >= 1,
            lambda: f"a queue is read, but {picking.measured('inference_pool_average_queue_size')}",
            30,
        )
        chosen = [picking.chosen(f"prompt {number} of its own") for number in range(5)]
    assert chosen == [idle.removeprefix("http://")] * 5


def test_without_its_role_the_picker_is_not_ready(
    picking: Picking, onboarding: Onboarding, tmp_path: Path
) -> None:
    """The account of the servers has no Role: the same program learns nothing."""
    with (
        picker(onboarding.api, picking.service, picking.service.name, tmp_path) as (ports, wait),
        pytest.raises(RuntimeError, match="did not become ready"),
    ):
        wait(lambda: is_serving(ports[1], probe_of(picking.service)), 15)
    assert "forbidden" in (tmp_path / "endpoint-picker.log").read_text()


@contextlib.contextmanager
def requests_to(server: str, number: int) -> Iterator[None]:
    """So many requests at one server, which ends them in some twenty seconds; waits for the last."""
    body = json.dumps({"model": MODEL, "prompt": "hello", "max_tokens": 50, "ignore_eos": True}).encode()

    def ask() -> None:
        asked = urllib.request.Request(f"{server}/v1/completions", body, {"Content-Type": "application/json"})
        with contextlib.suppress(OSError, ValueError):
            urllib.request.urlopen(asked, timeout=20).read()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(30)
