"""Probes gang scheduling: with quota for one of two Pods none may start, with quota for two both must start.

The probe uses the platform's own Kueue. It creates a namespace, a flavor, two queues and one Job, and always removes them
at its end.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.conformance.verdicts import Verdict
from goldenpath.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.conformance.observer import Observer

__all__ = ["probe_gang"]

KUEUE: Final = "kueue.x-k8s.io/v1beta2"
_TENANT_LABEL: Final = "goldenpath.dev/tenant"
_POD_SECURITY: Final = "pod-security.kubernetes.io/enforce"
_NAMESPACE: Final = "kueue-system"
_CONFIGURATION: Final = "kueue-manager-config"
_HELD_SECONDS: Final = 5.0
_STARTED_SECONDS: Final = 60.0
_SIZE: Final = 2
_IMAGE: Final = "registry.k8s.io/pause:3.10"


def probe_gang(seen: Observer) -> tuple[Verdict, str]:
    """Test how Kueue schedules a gang.

    Raises:
        ClusterError: the server refused the probe's objects, or it cannot be reached.
    """
    name = f"goldenpath-probe-{secrets.token_hex(4)}"
    managed = managed_labels(_configuration(seen), name)
    applied: list[dict[str, Any]] = []
    try:
        for body in _objects(name, managed, cpu=1):
            _apply(seen, body)
            applied.append(body)
        return _judge(seen, name, managed)
    finally:
        for body in reversed(applied):
            with contextlib.suppress(ClusterError):
                _delete(seen, body)


def managed_labels(configuration: str | None, name: str) -> dict[str, str]:
    """The labels that make Kueue manage a namespace.

    Args:
        configuration: the configuration of Kueue's manager; None stands for the set-up of *Bootstrap Flux* in the
            documentation.
        name: the name of the namespace.
    """
    if configuration is None:
        return {_TENANT_LABEL: name}
    document = kubeyaml.load(configuration, name="Kueue's configuration")
    selector = (document or {}).get("managedJobsNamespaceSelector") or {}
    wanted = {key: str(value) for key, value in (selector.get("matchLabels") or {}).items()}
    for each in selector.get("matchExpressions") or ():
        if each["operator"] == "In":
            wanted.setdefault(each["key"], str(each["values"][0]))
        elif each["operator"] == "Exists":
            wanted.setdefault(each["key"], name)
    # Kubernetes sets this label itself, to the name.
    wanted.pop("kubernetes.io/metadata.name", None)
    return wanted


def _configuration(seen: Observer) -> str | None:
    """The configuration of Kueue's manager, at the place that Kueue's manifests use; None if it is missing."""
    resource = seen.cluster.find("v1", "ConfigMap")
    body = None if resource is None else seen.cluster.get(resource, _CONFIGURATION, _NAMESPACE)
    found = ((body or {}).get("data") or {}).get("controller_manager_config.yaml")
    seen.note(
        f"kubectl get configmap {_CONFIGURATION} -n {_NAMESPACE} -o json",
        found or f"{_CONFIGURATION} does not exist",
    )
    return None if found is None else str(found)


def _judge(seen: Observer, name: str, managed: dict[str, str]) -> tuple[Verdict, str]:
    until = time.monotonic() + _HELD_SECONDS
    while time.monotonic() < until:
        if pods := _pods(seen, name):
            return Verdict.FAIL, f"{len(pods)} of {_SIZE} Pods of a gang that does not fit were created."
        time.sleep(0.5)
    seen.note(f"kubectl get pods -n {name}", f"no Pod for {_HELD_SECONDS:g} s, with quota for one of {_SIZE}")
    (queue,) = [body for body in _objects(name, managed, cpu=_SIZE) if body["kind"] == "ClusterQueue"]
    _apply(seen, queue)
    if not _becomes_true(lambda: len(_pods(seen, name)) == _SIZE):
        count = len(_pods(seen, name))
        seen.note(f"kubectl get workloads,jobs -n {name} -o json", _states(seen, name))
        if count:
            return (
                Verdict.FAIL,
                f"With quota for all, {count} of {_SIZE} Pods were created in {_STARTED_SECONDS:g} s.",
            )
        return (
            Verdict.SKIP,
            "Nothing started when the quota was raised: Kueue may ignore the probe's namespace (managedJobsNamespaceSelector).",
        )
    scheduled = [each for each in _pods(seen, name) if (each.get("spec") or {}).get("nodeName")]
    if not _becomes_true(
        lambda: all((each.get("spec") or {}).get("nodeName") for each in _pods(seen, name)), 15
    ):
        return (
            Verdict.SKIP,
            f"Both Pods were created when the quota was raised; {len(scheduled)} of {_SIZE} were scheduled on a Node.",
        )
    seen.note(f"kubectl get pods -n {name}", f"{_SIZE} Pods are on Nodes, after the quota was raised")
    return Verdict.PASS, f"No Pod of {_SIZE} started with quota for one; all started with quota for {_SIZE}."


def _states(seen: Observer, namespace: str) -> str:
    """The status of the probe's Workload and Job, as JSON."""
    found = []
    for api_version, kind in ((KUEUE, "Workload"), ("batch/v1", "Job")):
        resource = seen.cluster.find(api_version, kind)
        items = [] if resource is None else seen.cluster.all_of(resource, namespace)
        found += [{"kind": kind, "status": each.get("status")} for each in items]
    return json.dumps(found, indent=1)


def _becomes_true(condition: Callable[[], bool], seconds: float = _STARTED_SECONDS) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
    return True


def _pods(seen: Observer, namespace: str) -> list[dict[str, Any]]:
    resource = seen.cluster.find("v1", "Pod")
    return [] if resource is None else list(seen.cluster.all_of(resource, namespace))


def _apply(seen: Observer, body: dict[str, Any]) -> None:
    resource = seen.cluster.find(body["apiVersion"], body["kind"])
    if resource is None:
        raise ClusterError(f"{body['kind']} of {body['apiVersion']} is not served")
    seen.cluster.apply(resource, body)
    seen.note("kubectl apply --server-side -f -", str(body))


def _delete(seen: Observer, body: dict[str, Any]) -> None:
    resource = seen.cluster.find(body["apiVersion"], body["kind"])
    if resource is not None:
        metadata = body["metadata"]
        seen.cluster.delete(resource, metadata["name"], metadata.get("namespace", ""))


def _objects(name: str, managed: dict[str, str], *, cpu: int) -> list[dict[str, Any]]:
    labels = {"kubernetes.io/metadata.name": name}
    # Where goldenpath's policies are enforced, a tenant's namespace must enforce Pod Security. The Pod conforms to it.
    managed_namespace = {_POD_SECURITY: "restricted", **managed}
    resources = [{"name": "cpu", "nominalQuota": str(cpu)}]
    group = {"coveredResources": ["cpu"], "flavors": [{"name": name, "resources": resources}]}
    container = {
        "name": "pause",
        "image": _IMAGE,
        "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": managed_namespace}},
        {"apiVersion": KUEUE, "kind": "ResourceFlavor", "metadata": {"name": name}, "spec": {}},
        {
            "apiVersion": KUEUE,
            "kind": "ClusterQueue",
            "metadata": {"name": name},
            "spec": {"namespaceSelector": {"matchLabels": labels}, "resourceGroups": [group]},
        },
        {
            "apiVersion": KUEUE,
            "kind": "LocalQueue",
            "metadata": {"name": name, "namespace": name},
            "spec": {"clusterQueue": name},
        },
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": name, "labels": {"kueue.x-k8s.io/queue-name": name}},
            "spec": {
                "parallelism": _SIZE,
                "completions": _SIZE,
                "suspend": True,
                "template": {"spec": {"containers": [container], "restartPolicy": "Never"}},
            },
        },
    ]
