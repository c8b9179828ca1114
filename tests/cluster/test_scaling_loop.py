"""The scaling loop of inference services, closed: servers, Prometheus, KEDA, the HorizontalPodAutoscaler, and servers again.

Two models of one namespace, whose Pods are llm-d-inference-sim, one process each. Prometheus scrapes them as the rendered PodMonitors
say (``pod_monitors.py``); KEDA and kube-controller-manager are the real ones. A stand-in binds and runs the Pods
(``kubelet.py``). An override of the request makes the scaler go down after ten seconds, instead of one server a minute.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from components import components
from conformance_runs import conformance
from keda import keda
from kube_api import eventually
from kubelet import Kubelet, Program, kubelet
from live_services import Served, replicas, serve, watched
from pod_monitors import Prometheus

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "inference"))
from sample_services import FLEET, TENANT, merged, service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kube_api import Api
    from live_tenants import Onboarding

PROMETHEUS = shutil.which("prometheus")
SIMULATOR = components()["llm-d-inference-sim"]
MISSING = [*SIMULATOR.missing(), *components()["keda"].missing(), *([] if PROMETHEUS else ["prometheus"])]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"needs {', '.join(MISSING)}: make cluster-assets; prometheus is a package of Debian",
)
MODEL = "fake/model"
SCALED = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject"}
AT_ONCE = {
    "kind": "ScaledObject",
    "reason": "A test does not wait for minutes.",
    "approved_by": "a-team",
    "expires": "2099-01-01",
    "patch": {
        "spec": {
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {
                        "scaleDown": {
                            "stabilizationWindowSeconds": 10,
                            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}],
                        }
                    }
                }
            }
        }
    },
}


@dataclass
class Loop:
    """Two services of one tenant with all that scales them."""

    api: Api
    prometheus: Prometheus
    kubelet: Kubelet
    summariser: Served
    chat: Served

    def has(self, service: Served, number: int, seconds: float = 90) -> None:
        """Wait until a service has so many replicas, and as many servers are ready."""

        def there() -> tuple[int, int]:
            return replicas(self.api, service.tenant, service.name), len(self.kubelet.servers(service.name))

        eventually(
            lambda: there() == (number, number),
            lambda: f"{service.name} has {number} replicas, but {there()}; {self.said(service)}",
            seconds,
        )

    def watched(self, service: Served, seconds: float) -> set[int]:
        return watched(self.api, service.tenant, service.name, seconds)

    def condition(self, service: Served, name: str) -> str:
        """A condition of a service's ScaledObject."""
        metadata = {"name": service.name, "namespace": service.tenant}
        status = self.api.get(SCALED | {"metadata": metadata}).body.get("status", {})
        return next((one["status"] for one in status.get("conditions", []) if one["type"] == name), "")

    def _autoscaler(self, service: Served) -> dict[str, Any]:
        metadata = {"name": service.name, "namespace": service.tenant}
        body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata}
        answer = self.api.get(body)
        return answer.body if answer.ok else {"metadata": {}}

    def scaler_of(self, service: Served) -> str:
        """What owns the autoscaler of a service; empty where nothing does, or there is none."""
        owners = self._autoscaler(service)["metadata"].get("ownerReferences", [])
        return next((owner["kind"] for owner in owners), "")

    def said(self, service: Served) -> str:
        """What the autoscaler says of itself."""
        conditions = self._autoscaler(service).get("status", {}).get("conditions", [])
        return "; ".join(f"{one['type']} {one['status']}: {one['message']}" for one in conditions)

    @contextlib.contextmanager
    def load(self, service: Served, requests: int) -> Iterator[None]:
        """So many requests at any time, spread over the servers that are ready."""
        over = threading.Event()
        body = json.dumps({"model": MODEL, "prompt": "hello", "max_tokens": 40, "ignore_eos": True}).encode()

        def ask() -> None:
            while not over.is_set():
                servers = self.kubelet.servers(service.name)
                if not servers:
                    time.sleep(0.1)
                    continue
                target = f"{random.choice(servers)}/v1/completions"
                asked = urllib.request.Request(target, body, {"Content-Type": "application/json"})
                with contextlib.suppress(OSError, ValueError):
                    urllib.request.urlopen(asked, timeout=20).read()

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(requests)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join(30)


def simulator() -> Program:
    def options(port: int) -> list[str]:
        return [
            f"--model={MODEL}", f"--port={port}", "--max-num-seqs=8", "--inter-token-latency=40ms",
            "--time-to-first-token=20ms", "--force-dummy-tokenizer",
        ]  # fmt: skip

    return Program(SIMULATOR.program(), options, "/health")


def small(name: str, **changes: Any) -> dict[str, Any]:
    """A service with a scaler that adds a server for every two requests that run."""
    return service(
        name=name,
        goal=None,
        expose=None,
        model={"name": "Qwen/Qwen3-8B"},
        accelerator={"count": 1},
        replicas={"min": 1, "max": 4},
        scaling={"signal": "concurrency", "target": 2.0},
        overrides=[AT_ONCE | {"name": name}],
        **changes,
    )


@pytest.fixture(scope="module")
def loop(
    custom_resources: Api, onboarding: Onboarding, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loop]:
    def place(name: str) -> Path:
        return tmp_path_factory.mktemp(name)

    assert PROMETHEUS
    prometheus = Prometheus(onboarding.api, place("prometheus"), Path(PROMETHEUS))
    addons = {"flux": "2.9", "keda": "2.20", "prometheus-operator": "0.93"}
    fleet = merged(
        FLEET, {"monitoring": {"prometheus": prometheus.address}, "clusters": {"berlin": {"addons": None}}}
    )
    fleet["clusters"]["berlin"]["addons"] = addons
    accounts = {"identity": {"service_accounts": ["summariser", "chat"]}}
    summariser = serve(onboarding, fleet, merged(TENANT, accounts), small("summariser"))
    chat = summariser.also(**{**small("chat"), "tenant": summariser.tenant})
    services = (summariser, chat)
    prometheus.configure(
        [each.object("PodMonitor") for each in services],
        [each.object("PrometheusRule") for each in services],
    )
    with contextlib.ExitStack() as running:
        running.callback(prometheus.stop)
        prometheus.start()
        running.enter_context(prometheus.discovery(summariser.tenant))
        for each in services:
            each.apply()
        pods = running.enter_context(
            kubelet(onboarding.api, summariser.tenant, place("kubelet"), simulator())
        )
        running.enter_context(keda(onboarding.api, place("keda"), summariser.tenant))
        one = Loop(onboarding.api, prometheus, pods, summariser, chat)
        one.has(summariser, 1)
        one.has(chat, 1)
        for each in services:
            eventually(
                lambda each=each: one.condition(each, "Ready") == "True",
                f"the scaler of {each.name} is ready",
                60,
            )
        yield one


def test_replicas_follow_the_load_of_their_own_model(loop: Loop) -> None:
    with loop.load(loop.chat, 8):
        loop.has(loop.chat, 4)
        # The other model is full, and this one idle.
        assert loop.watched(loop.summariser, 5) == {1}
        with loop.load(loop.summariser, 4):
            loop.has(loop.summariser, 2)
            assert loop.watched(loop.chat, 5) == {4}
    loop.has(loop.chat, 1)
    loop.has(loop.summariser, 1)


def test_servers_stay_while_prometheus_is_silent(loop: Loop) -> None:
    with loop.load(loop.summariser, 4):
        loop.has(loop.summariser, 2)
        loop.prometheus.stop()
        eventually(lambda: loop.condition(loop.summariser, "Fallback") == "True", "the fallback holds", 90)
    # No request runs any more, and nobody can tell.
    assert loop.watched(loop.summariser, 10) == {2}
    assert loop.watched(loop.chat, 1) == {1}
    loop.prometheus.start()
    loop.has(loop.summariser, 1)


def test_a_metric_with_another_name_raises_the_alert_and_takes_no_server_away(loop: Loop) -> None:
    alert = "InferenceScalerWithoutData"
    with loop.load(loop.summariser, 4):
        loop.has(loop.summariser, 2)
        assert loop.prometheus.firing(alert) == []
        loop.kubelet.renamed["summariser"] = ("vllm:num_requests_running", "vllm:requests_in_batch")
        try:
            eventually(lambda: loop.prometheus.firing(alert) == ["summariser"], "the alert fires", 60)
            eventually(
                lambda: loop.condition(loop.summariser, "Fallback") == "True", "the fallback holds", 90
            )
            assert loop.watched(loop.summariser, 5) == {2}
        finally:
            loop.kubelet.renamed.clear()
        eventually(lambda: loop.prometheus.firing(alert) == [], "the alert ends", 60)
    loop.has(loop.summariser, 1)


def test_a_cluster_keeps_its_servers_when_keda_comes_and_goes(loop: Loop) -> None:
    """As Flux does it: what is rendered now is applied, and what was rendered before is pruned."""
    chat = loop.chat
    fixed = {"replicas": {"min": 4, "max": 4}, "overrides": []}
    without = merged(dict(chat.fleet), {"clusters": {"berlin": {"addons": {"keda": None}}}})
    chat.apply(**fixed)
    loop.has(chat, 4)
    seen = set()
    for fleet, before in ((without, "ScaledObject"), (chat.fleet, "HorizontalPodAutoscaler")):
        other = chat.fleet if fleet is without else without
        (pruned,) = [item.body for item in chat.objects(fleet=other, **fixed) if item.kind == before]
        chat.apply(fleet=fleet, **fixed)
        # KEDA's own autoscaler has the name of the one that is rendered without KEDA, and may go with it.
        assert chat.account.delete(pruned).status in (200, 404)
        seen |= loop.watched(chat, 10)
    assert seen == {4}
    assert len(loop.kubelet.servers("chat")) == 4
    eventually(lambda: loop.scaler_of(chat) == "ScaledObject", "KEDA has made its autoscaler again", 60)
    assert loop.watched(chat, 2) == {4}


def test_conformance_sees_the_series_of_its_servers(loop: Loop, tmp_path: Path) -> None:
    eventually(lambda: loop.kubelet.servers("summariser"), "a server is ready", 60)

    def found() -> dict[str, Any]:
        return conformance(loop.api, tmp_path, "--prometheus", loop.prometheus.address)["ai_service_metrics"]

    eventually(
        lambda: found()["verdict"] == "pass", lambda: f"Prometheus has series of servers: {found()}", 60
    )
    assert conformance(loop.api, tmp_path)["ai_service_metrics"]["verdict"] == "skip", (
        "no Prometheus is named"
    )
