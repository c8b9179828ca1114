"""The configuration of Prometheus that the Prometheus operator makes of PodMonitors and PrometheusRules.

As far as ours go, from prometheus-operator v0.93.0, pkg/prometheus/promcfg.go (generatePodMonitorConfig): the operator
itself does not run here, Prometheus does. Debian builds it without its discovery of Kubernetes: what that would find
(prometheus/prometheus, discovery/kubernetes/pod.go) is written into a file. Seconds take the place of minutes.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any

from processes import free_ports, process, read

from goldenpath import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kube_api import Api

_META = "__meta_kubernetes_"


def scrape_configs(monitor: dict[str, Any], found: Path) -> Iterator[dict[str, Any]]:
    """One for each endpoint. ``found`` is the file with the Pods of its namespace."""
    metadata, spec = monitor["metadata"], monitor["spec"]
    unread = set(spec) - {"selector", "podTargetLabels", "podMetricsEndpoints"}
    assert not unread, f"not read here: {unread}"
    for number, endpoint in enumerate(spec["podMetricsEndpoints"]):
        unread = set(endpoint) - {"port", "path", "interval"}
        assert not unread, f"not read here: {unread}"
        job = f"{metadata['namespace']}/{metadata['name']}"
        yield {
            "job_name": f"podMonitor/{job}/{number}",
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "metrics_path": endpoint["path"],
            "file_sd_configs": [{"files": [str(found)], "refresh_interval": "1s"}],
            "relabel_configs": [
                {"source_labels": [f"{_META}pod_phase"], "regex": "(Failed|Succeeded)", "action": "drop"},
                *(
                    _keep(f"pod_label_{_safe(key)}", value, f"pod_labelpresent_{_safe(key)}")
                    for key, value in sorted(spec["selector"]["matchLabels"].items())
                ),
                _keep("pod_container_port_name", endpoint["port"]),
                {"source_labels": [f"{_META}namespace"], "target_label": "namespace"},
                {"source_labels": [f"{_META}pod_container_name"], "target_label": "container"},
                {"source_labels": [f"{_META}pod_name"], "target_label": "pod"},
                *(
                    {
                        "source_labels": [f"{_META}pod_label_{_safe(key)}"],
                        "regex": "(.+)",
                        "target_label": _safe(key),
                    }
                    for key in spec.get("podTargetLabels", [])
                ),
                {"target_label": "job", "replacement": job},
                {"target_label": "endpoint", "replacement": endpoint["port"]},
            ],
        }


def _keep(label: str, value: str, present: str = "") -> dict[str, Any]:
    if not present:
        return {"source_labels": [f"{_META}{label}"], "regex": re.escape(value), "action": "keep"}
    return {
        "source_labels": [f"{_META}{label}", f"{_META}{present}"],
        "regex": f"({re.escape(value)});true",
        "action": "keep",
    }


def _safe(label: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", label)


def discovered(pods: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The targets that Prometheus' discovery makes of Pods: one for each port of a container."""
    return [
        {
            "targets": [f"{pod['status']['podIP']}:{port['containerPort']}"],
            "labels": {
                f"{_META}namespace": pod["metadata"]["namespace"],
                f"{_META}pod_name": pod["metadata"]["name"],
                f"{_META}pod_phase": pod["status"]["phase"],
                f"{_META}pod_container_name": container["name"],
                f"{_META}pod_container_port_name": port["name"],
                **{
                    f"{_META}pod_label_{_safe(key)}": value
                    for key, value in pod["metadata"]["labels"].items()
                },
                **{f"{_META}pod_labelpresent_{_safe(key)}": "true" for key in pod["metadata"]["labels"]},
            },
        }
        for pod in pods
        if pod["status"].get("podIP")
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    ]


class Prometheus:
    """A Prometheus for the PodMonitors and PrometheusRules of a namespace; it can be stopped and started again."""

    def __init__(self, api: Api, folder: Path, command: Path) -> None:
        self.api, self.folder, self.command = api, folder, command
        (self._port,) = free_ports(1)
        self.address = f"http://127.0.0.1:{self._port}"
        self._running = contextlib.ExitStack()
        self._found = folder / "pods.json"

    def configure(self, monitors: Sequence[dict[str, Any]], rules: Sequence[dict[str, Any]]) -> None:
        """Write what the operator would write; alerts wait for seconds here, and not for minutes."""
        for number, rule in enumerate(rules):
            text = kubeyaml.dump({"groups": rule["spec"]["groups"]})
            (self.folder / f"rules-{number}.yaml").write_text(re.sub(r"for: \d+[mh]", "for: 2s", text))
        config = {
            "global": {"evaluation_interval": "1s"},
            "rule_files": [str(self.folder / "rules-*.yaml")],
            "scrape_configs": [
                config for monitor in monitors for config in scrape_configs(monitor, self._found)
            ],
        }
        (self.folder / "prometheus.yml").write_text(kubeyaml.dump(config))

    @contextlib.contextmanager
    def discovery(self, namespace: str) -> Iterator[None]:
        """Discover the Pods of a namespace repeatedly."""
        over, own = threading.Event(), self.api.separate()

        def look() -> None:
            while not over.wait(0.5):
                part = self._found.with_suffix(".part")
                part.write_text(json.dumps(discovered(own.list("v1", "Pod", namespace))))
                part.rename(self._found)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)
            own.server.close()

    def start(self) -> None:
        options = [
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]
        wait = self._running.enter_context(process(self.command, options, self.folder))
        wait(lambda: b"Ready" in read(f"{self.address}/-/ready"))

    def stop(self) -> None:
        self._running.close()

    def value(self, query: str) -> float | None:
        """The value of a query; None without a result."""
        target = f"{self.address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        found = json.loads(read(target))["data"]["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self, alert: str) -> list[str]:
        """The workloads that an alert fires for."""
        alerts = json.loads(read(f"{self.address}/api/v1/alerts"))["data"]["alerts"]
        return [
            one["labels"]["workload"]
            for one in alerts
            if (one["labels"]["alertname"], one["state"]) == (alert, "firing")
        ]
