"""A gang of two on a queue for one: nothing may start. Then a queue for two: both must start.

The solution (Kueue) is the platform's own; the probe makes a namespace, a flavor, two queues and one Job, and removes
them at its end, whatever happened.
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
    """What Kueue does with a gang.

    Raises:
        ClusterError: the probe's objects were refused, or the server cannot be reached.
    """
    name = f"goldenpath-probe-{secrets.token_hex(4)}"
    managed = managed_labels(_configuration(seen), name)
    made: list[dict[str, Any]] = []
    try:
        for body in _objects(name, managed, cpu=1):
            _apply(seen, body)
            made.append(body)
        return _judge(seen, name, managed)
    finally:
        for body in reversed(made):
            with contextlib.suppress(ClusterError):
                _delete(seen, body)


def managed_labels(configuration: str | None, name: str) -> dict[str, str]:
    """Labels with which Kueue takes a namespace in.

    Args:
        configuration: of its manager; without one, *Bootstrap Flux* of the documentation says how it is set up.
        name: of the namespace.
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
    # Kubernetes sets this one, and its value is the name.
    wanted.pop("kubernetes.io/metadata.name", None)
    return wanted


def _configuration(seen: Observer) -> str | None:
    """The configuration of Kueue's manager, where its own manifests put it; None where it is not there."""
    resource = seen.cluster.find("v1", "ConfigMap")
    body = None if resource is None else seen.cluster.get(resource, _CONFIGURATION, _NAMESPACE)
    found = ((body or {}).get("data") or {}).get("controller_manager_config.yaml")
    seen.note(
        f"kubectl get configmap {_CONFIGURATION} -n {_NAMESPACE} -o json",
        found or f"{_CONFIGURATION} is not there",
    )
    return None if found is None else str(found)


def _judge(seen: Observer, name: str, managed: dict[str, str]) -> tuple[Verdict, str]:
    until = time.monotonic() + _HELD_SECONDS
    while time.monotonic() < until:
        if pods := _pods(seen, name):
            return Verdict.FAIL, f"{len(pods)} of {_SIZE} Pods of a gang that does not fit were made."
        time.sleep(0.5)
    seen.note(f"kubectl get pods -n {name}", f"no Pod for {_HELD_SECONDS:g} s, with quota for one of {_SIZE}")
    (queue,) = [body for body in _objects(name, managed, cpu=_SIZE) if body["kind"] == "ClusterQueue"]
    _apply(seen, queue)
    if not _becomes(lambda: len(_pods(seen, name)) == _SIZE):
        count = len(_pods(seen, name))
        seen.note(f"kubectl get workloads,jobs -n {name} -o json", _states(seen, name))
        if count:
            return (
                Verdict.FAIL,
                f"With quota for all, {count} of {_SIZE} Pods were made in {_STARTED_SECONDS:g} s.",
            )
        return (
            Verdict.SKIP,
            "Nothing started when the quota was raised: Kueue may leave the probe's namespace alone (managedJobsNamespaceSelector).",
        )
    scheduled = [each for each in _pods(seen, name) if (each.get("spec") or {}).get("nodeName")]
    if not _becomes(lambda: all((each.get("spec") or {}).get("nodeName") for each in _pods(seen, name)), 15):
        return (
            Verdict.SKIP,
            f"Both Pods were made when quota was there; {len(scheduled)} of {_SIZE} found a Node.",
        )
    seen.note(f"kubectl get pods -n {name}", f"{_SIZE} Pods are on Nodes, after the quota was raised")
    return Verdict.PASS, f"No Pod of {_SIZE} started with quota for one; all started with quota for {_SIZE}."


def _states(seen: Observer, namespace: str) -> str:
    """What Kueue and the Job's controller say of the probe."""
    found = []
    for api_version, kind in ((KUEUE, "Workload"), ("batch/v1", "Job")):
        resource = seen.cluster.find(api_version, kind)
        items = [] if resource is None else seen.cluster.all_of(resource, namespace)
        found += [{"kind": kind, "status": each.get("status")} for each in items]
    return json.dumps(found, indent=1)


def _becomes(true: Callable[[], bool], seconds: float = _STARTED_SECONDS) -> bool:
    until = time.monotonic() + seconds
    while not true():
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
    # A namespace of a tenant has to enforce Pod Security where goldenpath's policies are in force; the Pod keeps it.
    taken_in = {_POD_SECURITY: "restricted", **managed}
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
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": taken_in}},
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
