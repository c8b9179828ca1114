"""The numbers that a scaler of an inference service reads, from real servers by a real Prometheus.

Servers are llm-d-inference-sim, one process for each replica; Prometheus scrapes them as the rendered PodMonitor says, and
answers the rendered query. KEDA and the HorizontalPodAutoscaler do not run here: what they decide from an answer is worked
out as they do (`goldenpath.sizing.scaling_rules`), on bounds, target and fallback of the rendered ScaledObject.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from processes import free_ports, process, read

from goldenpath import kubeyaml
from goldenpath.sizing.scaling_rules import Autoscaler, Rule, Signal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "inference"))
from services import FLEET, TENANT, merged, objects, run, service

if TYPE_CHECKING:
    from collections.abc import Iterator

SIMULATOR, PROMETHEUS = shutil.which("llm-d-inference-sim"), shutil.which("prometheus")
pytestmark = pytest.mark.skipif(
    SIMULATOR is None or PROMETHEUS is None,
    reason="needs prometheus and llm-d-inference-sim (Go module github.com/llm-d/llm-d-inference-sim) on the PATH",
)
SECOND = 1.0
MODEL = "fake/model"


def rendered(name: str) -> dict[str, dict[str, Any]]:
    """A small service whose scaler adds a replica for every two requests that run."""
    asked = service(
        name=name,
        goal=None,
        expose=None,
        accelerator={"count": 4},
        replicas={"min": 1, "max": 4},
        scaling={"signal": "concurrency", "target": 2.0},
    )
    tenant = merged(TENANT, {"identity": {"service_accounts": ["summariser", "chat"]}})
    return objects(run(asked, fleet=FLEET, tenant=tenant))


class Servers:
    """The replicas of one service: processes, and what Prometheus finds of them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.objects = rendered(name)
        self.ports: list[int] = []
        self._running: list[contextlib.ExitStack] = []

    def scale(self, number: int) -> None:
        while len(self._running) > number:
            self.ports.pop()
            self._running.pop().close()
        while len(self._running) < number:
            (port,) = free_ports(1)
            place = self.folder / f"{self.name}-{port}"
            place.mkdir()
            stack = contextlib.ExitStack()
            assert SIMULATOR is not None
            options = [
                f"--model={MODEL}", f"--port={port}", "--max-num-seqs=8", "--inter-token-latency=40ms",
                "--time-to-first-token=20ms", "--force-dummy-tokenizer",
            ]  # fmt: skip
            wait = stack.enter_context(process(Path(SIMULATOR), options, place))
            wait(lambda port=port: bool(read(f"http://127.0.0.1:{port}/metrics")), 30)
            self.ports.append(port)
            self._running.append(stack)
        self._tell()

    def _tell(self) -> None:
        """The Pods that the PodMonitor selects, with the labels that prometheus-operator makes of what it says."""
        spec = self.objects["PodMonitor"]["spec"]
        labels = self.objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        copied = {key.replace("/", "_").replace(".", "_"): labels[key] for key in spec["podTargetLabels"]}
        targets = [
            {
                "targets": [f"127.0.0.1:{port}"],
                "labels": {"namespace": "vision", "pod": f"{self.name}-{port}", **copied},
            }
            for port in self.ports
        ]
        (self.folder / f"{self.name}.json").write_text(json.dumps(targets))

    def close(self) -> None:
        self.scale(0)


def scrape(servers: Servers) -> dict[str, Any]:
    (endpoint,) = servers.objects["PodMonitor"]["spec"]["podMetricsEndpoints"]
    return {
        "job_name": servers.name,
        "metrics_path": endpoint["path"],
        "scrape_interval": "1s",  # for a test; the PodMonitor says 15 s
        "file_sd_configs": [
            {"files": [str(servers.folder / f"{servers.name}.json")], "refresh_interval": "1s"}
        ],
    }


class Loop:
    """What KEDA and the HPA do with one service, a step at a time."""

    def __init__(self, servers: Servers, address: str) -> None:
        self.servers, self.address = servers, address
        spec = servers.objects["ScaledObject"]["spec"]
        (trigger,) = spec["triggers"]
        self.query = trigger["metadata"]["query"]
        self.fallback = spec["fallback"]
        self.scaler = Autoscaler(
            Rule(
                "rendered", Signal.RUNNING, float(trigger["metadata"]["threshold"]),
                minimum=spec["minReplicaCount"], maximum=spec["maxReplicaCount"], down_stabilization=3.0,
            )
        )  # fmt: skip

    def value(self) -> float | None:
        """What Prometheus answers; None where it does not, or has nothing."""
        target = f"{self.address}/api/v1/query?{urllib.parse.urlencode({'query': self.query})}"
        try:
            answer = json.loads(read(target))
        except OSError:
            return None
        found = answer["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    def step(self) -> int:
        now, there = time.monotonic(), len(self.servers.ports)
        total = self.value()
        if total is None:
            assert self.fallback["behavior"] == "currentReplicasIfHigher"
            wanted = max(there, self.fallback["replicas"])
        else:
            wanted = self.scaler.decide(now, there, there, total / there)
        self.servers.scale(wanted)
        return wanted


@contextlib.contextmanager
def load(servers: Servers, requests: int) -> Iterator[None]:
    """So many requests at any time, spread over the replicas that there are."""
    over = threading.Event()
    body = json.dumps({"model": MODEL, "prompt": "hello", "max_tokens": 40, "ignore_eos": True}).encode()

    def ask(number: int) -> None:
        while not over.is_set():
            ports = list(servers.ports)
            if not ports:
                return
            target = f"http://127.0.0.1:{ports[number % len(ports)]}/v1/completions"
            asked = urllib.request.Request(target, body, {"Content-Type": "application/json"})
            with contextlib.suppress(OSError, ValueError):
                urllib.request.urlopen(asked, timeout=20).read()

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(requests)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def until(loop: Loop, number: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    seen = []
    while time.monotonic() < end:
        seen.append(loop.step())
        if seen[-1] == number:
            return
        time.sleep(SECOND)
    raise AssertionError(f"{loop.servers.name} never had {number} replicas: {seen}")


def test_replicas_follow_the_load_of_their_own_service_and_stay_while_nothing_answers(tmp_path: Path) -> None:
    with contextlib.ExitStack() as running:
        both = [Servers(name, tmp_path) for name in ("summariser", "chat")]
        for servers in both:
            running.callback(servers.close)
            servers.scale(1)
        summariser, chat = both
        (port,) = free_ports(1)
        config = {"scrape_configs": [scrape(servers) for servers in both]}
        (tmp_path / "prometheus.yml").write_text(kubeyaml.dump(config))
        assert PROMETHEUS is not None
        prometheus = running.enter_context(contextlib.ExitStack())
        options = [
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        address = f"http://127.0.0.1:{port}"
        wait = prometheus.enter_context(process(Path(PROMETHEUS), options, tmp_path))
        wait(lambda: b"Ready" in read(f"{address}/-/ready"))
        mine, other = Loop(summariser, address), Loop(chat, address)
        wait(lambda: mine.value() == 0 and other.value() == 0, 30)

        with load(chat, 8):
            until(other, 4)
            # The other model is full, and this one idle.
            assert mine.step() == 1
        with load(summariser, 8):
            until(mine, 4)
        until(mine, 1)
        until(other, 1)

        with load(summariser, 4):
            until(mine, 2)
            prometheus.close()
            assert [mine.step() for _ in range(3)] == [2, 2, 2]
