"""A stand-in for scheduler and kubelet: it binds the Pods of one namespace to a node and reports them running.

What a Pod runs is a program of the test's, one process for each Pod, or nothing. A Pod has an address of loopback of its
own, on which the program is reached at the port of the container: as the network of a cluster does it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from processes import free_ports, process, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from kube_api import Api

WORKLOAD = "goldenpath.dev/workload"
_TURN = 0.2
"""Seconds between two looks at the Pods."""


@dataclass
class Program:
    """The program of the Pods: a command with options for a port, ready when a path answers."""

    command: Path
    options: Callable[[int], list[str]]
    health: str


@dataclass
class RunningPod:
    """A Pod that is bound. ``address`` is that of its server, once it is ready."""

    name: str
    workload: str
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    port: int = 0
    address: str = ""
    ip: str = ""


class Kubelet:
    """Runs the Pods of a namespace. ``grace`` is how long each Pod that was stopped may have taken, by workload."""

    def __init__(self, api: Api, namespace: str, node: str, folder: Path, program: Program | None) -> None:
        self.api, self.namespace, self.node = api, namespace, node
        self.folder, self.program = folder, program
        self.renamed: dict[str, tuple[str, str]] = {}
        """By workload, a metric and the name that its servers give it instead."""
        self.grace: dict[str, set[int]] = {}
        self.failure: BaseException | None = None
        self._pods: dict[str, RunningPod] = {}
        self._number = 0
        self._over = threading.Event()

    def servers(self, workload: str) -> list[str]:
        """Addresses of the ready servers of a workload."""
        return [pod.address for pod in list(self._pods.values()) if pod.workload == workload and pod.address]

    def turn(self) -> None:
        """One look at all Pods."""
        there = {
            pod["metadata"]["uid"]: {"apiVersion": "v1", "kind": "Pod", **pod}
            for pod in self.api.list("v1", "Pod", self.namespace)
        }
        for uid in [uid for uid in self._pods if uid not in there]:
            self._pods.pop(uid).running.close()
        for uid, pod in there.items():
            if pod["metadata"].get("deletionTimestamp"):
                self._stop(uid, pod)
            elif not pod["spec"].get("nodeName"):
                if not pod["spec"].get("schedulingGates"):
                    self._bind(pod)
            elif uid not in self._pods:
                self._start(uid, pod)
            elif not self._pods[uid].address:
                self._say_when_ready(self._pods[uid], pod)

    def run(self) -> None:
        """Turn after turn, until it is closed."""
        try:
            while not self._over.wait(_TURN):
                self.turn()
        except BaseException as error:
            self.failure = error
            raise

    def close(self) -> None:
        self._over.set()

    def release(self) -> None:
        """End every program."""
        for pod in self._pods.values():
            pod.running.close()
        self._pods.clear()

    def _bind(self, pod: dict[str, Any]) -> None:
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod["metadata"]["name"], "namespace": self.namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": self.node},
        }
        self.api.send("POST", f"{self.api.path(pod)}/binding", binding)

    def _start(self, uid: str, pod: dict[str, Any]) -> None:
        name, labels = pod["metadata"]["name"], pod["metadata"].get("labels", {})
        self._number += 1
        one = RunningPod(
            name, labels.get(WORKLOAD, ""), ip=f"127.9.{self._number // 250}.{self._number % 250 + 1}"
        )
        self._pods[uid] = one
        if self.program is None:
            return
        (one.port,) = free_ports(1)
        place = self.folder / name
        place.mkdir()
        one.running.enter_context(process(self.program.command, self.program.options(one.port), place))

    def _say_when_ready(self, one: RunningPod, pod: dict[str, Any]) -> None:
        (container,) = pod["spec"]["containers"]
        port = next((each["containerPort"] for each in container.get("ports", [])), 0)
        if self.program is not None:
            try:
                read(f"http://127.0.0.1:{one.port}{self.program.health}")
            except OSError:
                return
            one.running.enter_context(_at(one, port, self.renamed))
        answer = self.api.merge(pod, {"status": _running(one, container)}, "status")
        if answer.ok:
            one.address = f"http://{one.ip}:{port}"

    def _stop(self, uid: str, pod: dict[str, Any]) -> None:
        if (one := self._pods.pop(uid, None)) is not None:
            seconds = pod["metadata"]["deletionGracePeriodSeconds"]
            self.grace.setdefault(one.workload, set()).add(seconds)
            one.running.close()
        self.api.delete(pod)


def _running(one: RunningPod, container: Mapping[str, Any]) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    types = ("PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready")
    return {
        "phase": "Running",
        "startTime": now,
        "podIP": one.ip,
        "podIPs": [{"ip": one.ip}],
        "conditions": [{"type": each, "status": "True", "lastTransitionTime": now} for each in types],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": container["image"],
                "containerID": f"test://{one.name}",
                "restartCount": 0,
                "ready": True,
                "started": True,
                "state": {"running": {"startedAt": now}},
            }
        ],
    }


@contextlib.contextmanager
def _at(one: RunningPod, port: int, renamed: Mapping[str, tuple[str, str]]) -> Iterator[None]:
    """The program of a Pod at the Pod's own address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on("GET", None)

        def do_POST(self) -> None:
            self._pass_on("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def _pass_on(self, method: str, body: bytes | None) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=30)
            try:
                connection.request(method, self.path, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                data = answer.read()
            except OSError:
                self.send_error(502)
                return
            finally:
                connection.close()
            if self.path == "/metrics" and one.workload in renamed:
                old, new = renamed[one.workload]
                data = data.replace(old.encode(), new.encode())
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Nothing."""

    with ThreadingHTTPServer((one.ip, port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def kubelet(api: Api, namespace: str, folder: Path, program: Program | None = None) -> Iterator[Kubelet]:
    """Run the stand-in with its own node, which the scheduler does not use."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-of-{namespace}"}}
    own = api.separate()
    assert api.create({**node, "spec": {"unschedulable": True}}).ok
    one = Kubelet(own, namespace, f"node-of-{namespace}", folder, program)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one
        assert one.failure is None
    finally:
        one.close()
        thread.join(30)
        one.release()
        own.server.close()
        api.delete(node)
