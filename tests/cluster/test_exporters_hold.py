"""Metrics in the catalogue of exporters compared with the real Kueue and SPIRE."""

from __future__ import annotations

import re
import ssl
import urllib.request
from typing import TYPE_CHECKING

from components import components
from controller_accounts import bound_accounts
from kube_api import eventually
from processes import read
from test_queues_hold import Queue

from goldenpath.telemetry import exporter_catalogue

if TYPE_CHECKING:
    from kube_api import Api
    from running_platform import RunningPlatform
    from spire import Spire

    from goldenpath.telemetry import Exporter

LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\} ", re.MULTILINE)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="')
KUEUE, ACCOUNT = "kueue-system", "kueue-controller-manager"


def exported(text: str) -> dict[str, set[str]]:
    """The labels of each series of Prometheus' text format."""
    found: dict[str, set[str]] = {}
    for name, labels in LINE.findall(text):
        found.setdefault(name, set()).update(LABEL.findall(labels))
    return found


def differences(exporter: Exporter, text: str, *names: str) -> list[str]:
    """Where metrics of the catalogue and what is exported differ, in name or in labels."""
    found, said = exported(text), []
    for metric in map(exporter.metric, names):
        series = f"{metric.name}_count" if metric.kind in {"histogram", "summary"} else metric.name
        if series not in found:
            said.append(f"{metric.name} is not exported")
        elif found[series] != set(metric.labels):
            said.append(f"{metric.name} has {sorted(found[series])}, and not {sorted(metric.labels)}")
    return said


def of_kueue(api: Api, address: str) -> str:
    """Its metrics are behind TLS of its own, and a token with the right to read them."""
    rights = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "read-metrics"},
    }
    assert api.apply(rights | {"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]}).ok
    assert api.apply(bound_accounts("read-metrics", KUEUE, ACCOUNT, role="read-metrics")).ok
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {api.account_token(KUEUE, ACCOUNT)}"}
    with urllib.request.urlopen(
        urllib.request.Request(address, headers=headers), timeout=5, context=unverified
    ) as answer:
        data: bytes = answer.read()
    return data.decode()


def test_kueue_exports_the_catalogues_metrics(platform: RunningPlatform, kueue: str) -> None:
    queue = Queue(platform, "nvidia-t4-16gb", 1)
    first, _ = queue.job(), queue.job()
    eventually(lambda: queue.is_running(first), "one of two Jobs is admitted", 60)
    exporter = exporter_catalogue().get("kueue")
    assert exporter.versions
    assert components()["kueue"].version.startswith(f"v{exporter.versions.last}.")
    names = [
        "kueue_pending_workloads",
        "kueue_admitted_active_workloads",
        "kueue_reserving_active_workloads",
        "kueue_cluster_queue_status",
        "kueue_cluster_queue_resource_usage",
        "kueue_cluster_queue_resource_reservation",
        "kueue_cluster_queue_resource_pending",
        "kueue_cluster_queue_nominal_quota",
        "kueue_local_queue_pending_workloads",
        "kueue_local_queue_resource_usage",
    ]

    def seen() -> list[str]:
        text = of_kueue(platform.api, kueue)
        there = f'cluster_queue="{queue.tenant.name}"' in text
        return differences(exporter, text, *names) if there else ["the tenant's queue is not exported"]

    eventually(lambda: not seen(), lambda: f"they agree, but {seen()}", 60)


def test_spires_server_exports_the_catalogues_metrics(spire: Spire) -> None:
    exporter = exporter_catalogue().get("spire")
    names = [metric.name for metric in exporter.metrics if metric.name.startswith("spire_server_")]
    assert len(names) == 3

    def seen() -> list[str]:
        return differences(exporter, read(spire.metrics).decode(), *names)

    eventually(lambda: not seen(), lambda: f"they agree, but {seen()}", 60)
