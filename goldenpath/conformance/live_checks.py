"""Checks for the requirements that an API server or a named address can show.

A check gives PASS only for something that it saw work: a condition that a controller wrote, a series that an exporter
gave. An API that is served but not used is SKIP, and so is every requirement that needs access to a node.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from goldenpath.accelerators import catalogue
from goldenpath.conformance.gang_probe import probe_gang
from goldenpath.conformance.manifest_checks import direct_device_access
from goldenpath.conformance.observer import Observer
from goldenpath.conformance.verdicts import CheckResult, Verdict
from goldenpath.errors import ClusterError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from goldenpath.cluster import ClusterClient
    from goldenpath.conformance.requirements import Requirement
    from goldenpath.manifests import ManifestObject

    Finding = tuple[Verdict, str]

__all__ = ["Addresses", "check_cluster"]

GATEWAY: Final = "gateway.networking.k8s.io/v1"
DEVICE_LABELS: Final = frozenset(
    ("gpu", "UUID", "uuid", "device_id", "dev_id", "card_id", "GPU_I_ID", "minor_number", "pci_bus_id")
)
"""Labels by which the official test recognises a series of one device (kubernetes-sigs/ai-conformance @3d8edfa)."""
_UTILISATION: Final = re.compile(r"util|activity|engine_active|engine_ratio", re.IGNORECASE)
_MEMORY: Final = re.compile(
    r"(?<![a-z])(fb_used|used_vram|vram_used|mem(ory)?_?(used|usage|ratio|util))", re.IGNORECASE
)
_SERIES: Final = re.compile(r"^([a-zA-Z_:][\w:]*)\{([^}]*)\}\s+\S+", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="')
_AI_SERIES: Final = '{__name__=~"(vllm|sglang):.+|trtllm_.+|tgi_.+|triton_.+|nv_inference_.+"}'
_OPERATORS: Final = (
    ("trainer.kubeflow.org/v1alpha1", "TrainJob", "Kubeflow Trainer"),
    ("ray.io/v1", "RayJob", "KubeRay"),
    ("ray.io/v1", "RayCluster", "KubeRay"),
    ("serving.kserve.io/v1beta1", "InferenceService", "KServe"),
    ("jobset.x-k8s.io/v1alpha2", "JobSet", "JobSet"),
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "LeaderWorkerSet"),
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Sources that a check can read in addition to the API server."""

    accelerator_metrics: str | None = None
    """URL of an exporter's metrics."""
    prometheus: str | None = None
    """Base URL of Prometheus."""
    manifests: tuple[ManifestObject, ...] = ()
    """Objects that are applied to the cluster, from files."""


def check_cluster(
    cluster: ClusterClient,
    requirements: Sequence[Requirement],
    *,
    now: Callable[[], dt.datetime],
    addresses: Addresses | None = None,
    probe: bool = False,
) -> tuple[CheckResult, ...]:
    """Check a cluster for each requirement.

    Args:
        cluster: the cluster, with the rights to read all of it.
        requirements: the requirements of one version.
        now: returns the current time, for the record.
        addresses: further sources.
        probe: also create short-lived objects in a namespace of their own, and remove them.

    Raises:
        ClusterUnavailableError: the API server cannot be reached.
    """
    return tuple(
        _checked(each, Observer(cluster, now), addresses or Addresses(), probe) for each in requirements
    )


def _checked(requirement: Requirement, seen: Observer, addresses: Addresses, probe: bool) -> CheckResult:
    check = _CHECKS.get(requirement.id)
    try:
        verdict, reason = (Verdict.SKIP, "") if check is None else check(seen, addresses, probe)
    except ClusterError as error:
        verdict, reason = Verdict.SKIP, f"could not read: {error}"
    if verdict is Verdict.SKIP and requirement.unseen:
        reason = f"{reason} {requirement.unseen}".strip()
    return CheckResult(requirement, verdict, reason, tuple(seen.looks), seen.not_counted)


def _are_true(conditions: Iterable[Mapping[str, Any]] | None, *kinds: str) -> bool:
    true = {each.get("type") for each in conditions or () if each.get("status") == "True"}
    return true.issuperset(kinds)


def _status(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body.get("status") or {}


def _dra_support(seen: Observer, _: Addresses, __: bool) -> Finding:
    kinds = ("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice")
    missing = [kind for kind in kinds if not seen.serves("resource.k8s.io/v1", kind)]
    if missing:
        return Verdict.FAIL, f"resource.k8s.io/v1 does not serve {', '.join(missing)}."
    return Verdict.PASS, "All kinds of resource.k8s.io/v1 are served."


def _ai_inference(seen: Observer, _: Addresses, __: bool) -> Finding:
    if not seen.serves(GATEWAY, "HTTPRoute"):
        return Verdict.FAIL, "The Gateway API (v1) is not served."
    classes = {
        each["metadata"]["name"]
        for each in seen.all_of(GATEWAY, "GatewayClass")
        if _are_true(_status(each).get("conditions"), "Accepted")
    }
    gateways = {
        (each["metadata"]["namespace"], each["metadata"]["name"])
        for each in seen.all_of(GATEWAY, "Gateway")
        if each["spec"].get("gatewayClassName") in classes
        and _are_true(_status(each).get("conditions"), "Accepted", "Programmed")
    }
    routes = [each for each in seen.all_of(GATEWAY, "HTTPRoute") if _is_served(each, gateways)]
    lacking = []
    if not classes:
        lacking.append("no GatewayClass is Accepted")
    if not gateways:
        lacking.append("no Gateway is Programmed")
    if not any(len(rule.get("backendRefs") or ()) > 1 for rule in _rules(routes)):
        lacking.append("no accepted HTTPRoute splits traffic between backends")
    if not any(match.get("headers") for rule in _rules(routes) for match in rule.get("matches") or ()):
        lacking.append("no accepted HTTPRoute matches a header")
    if lacking:
        return Verdict.SKIP, f"{'; '.join(lacking)}."
    return (
        Verdict.PASS,
        f"{len(routes)} HTTPRoutes are accepted by Gateways that are Programmed, with weights and header matches.",
    )


def _is_served(route: Mapping[str, Any], gateways: set[tuple[str, str]]) -> bool:
    own = route["metadata"]["namespace"]
    return any(
        (parent["parentRef"].get("namespace", own), parent["parentRef"].get("name")) in gateways
        and _are_true(parent.get("conditions"), "Accepted", "ResolvedRefs")
        for parent in _status(route).get("parents") or ()
    )


def _rules(routes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [rule for each in routes for rule in each["spec"].get("rules") or ()]


def _advanced_ingress(seen: Observer, _: Addresses, __: bool) -> Finding:
    pools = seen.all_of("inference.networking.k8s.io/v1", "InferencePool")
    accepted = [
        each
        for each in pools
        if any(
            _are_true(parent.get("conditions"), "Accepted") for parent in _status(each).get("parents") or ()
        )
    ]
    if not accepted:
        return Verdict.SKIP, f"A Gateway has accepted none of {len(pools)} InferencePools."
    return Verdict.PASS, f"{len(accepted)} InferencePools are accepted by a Gateway."


def _gang(seen: Observer, _: Addresses, probe: bool) -> Finding:
    if not seen.serves("kueue.x-k8s.io/v1beta2", "ClusterQueue"):
        return Verdict.SKIP, "Kueue is not served; other gang schedulers are not checked."
    if not probe:
        return Verdict.SKIP, "Kueue is served; without --probe, gang scheduling is not tested."
    return probe_gang(seen)


def _pod_autoscaling(seen: Observer, _: Addresses, __: bool) -> Finding:
    scalers = seen.all_of("autoscaling/v2", "HorizontalPodAutoscaler")
    custom = [
        each
        for each in scalers
        if any(
            metric.get("type") in {"Pods", "Object", "External"}
            for metric in each["spec"].get("metrics") or ()
        )
        and _are_true(_status(each).get("conditions"), "AbleToScale", "ScalingActive")
    ]
    return (
        Verdict.SKIP,
        f"{len(custom)} of {len(scalers)} HorizontalPodAutoscalers scale on a custom metric.",
    )


def _accelerator_metrics(seen: Observer, addresses: Addresses, _: bool) -> Finding:
    if addresses.accelerator_metrics is None:
        return Verdict.SKIP, ""
    text = seen.read(addresses.accelerator_metrics, option="--accelerator-metrics")
    of_devices = {
        name for name, labels in _SERIES.findall(text) if DEVICE_LABELS & set(_LABEL.findall(labels))
    }
    found = {
        "utilisation": sorted(each for each in of_devices if _UTILISATION.search(each)),
        "memory": sorted(each for each in of_devices if _MEMORY.search(each)),
    }
    lacking = [metric for metric, names in found.items() if not names]
    if lacking:
        return Verdict.FAIL, f"No series of {' or of '.join(lacking)} has a label of a device."
    return (
        Verdict.PASS,
        f"Utilisation: {', '.join(found['utilisation'][:3])}; memory: {', '.join(found['memory'][:3])}.",
    )


def _service_metrics(seen: Observer, addresses: Addresses, _: bool) -> Finding:
    if addresses.prometheus is None:
        return Verdict.SKIP, ""
    query = urlencode({"query": f"count by (__name__, namespace) ({_AI_SERIES})"})
    text = seen.read(f"{addresses.prometheus.rstrip('/')}/api/v1/query?{query}", option="--prometheus")
    try:
        found = json.loads(text)["data"]["result"]
    except (ValueError, KeyError, TypeError):
        return Verdict.SKIP, "The address does not answer as Prometheus does."
    if not found:
        return Verdict.SKIP, "Prometheus has no current series of a known AI server."
    return Verdict.PASS, f"Prometheus has {len(found)} metrics of AI servers."


def _allocatable(node: Mapping[str, Any]) -> dict[str, str]:
    names = {name for each in catalogue() for name in each.resource_names}
    vendors = {name.partition("/")[0] for name in names}
    return {
        name: str(amount)
        for name, amount in (_status(node).get("allocatable") or {}).items()
        if name.partition("/")[0] in vendors and str(amount) != "0"
    }


def _gpu_sharing(seen: Observer, _: Addresses, __: bool) -> Finding:
    shared = sorted(
        {
            name
            for node in seen.all_of("v1", "Node")
            for name in _allocatable(node)
            if "mig-" in name or name.endswith(".shared") or re.search(r"/(cpx|dpx|qpx)_", name)
        }
    )
    slices = seen.all_of("resource.k8s.io/v1", "ResourceSlice")
    parts = [
        device
        for each in slices
        for device in each["spec"].get("devices") or ()
        if (device.get("attributes") or {}).get("type", {}).get("string") in {"mig", "amdgpu-partition"}
    ]
    if not shared and not parts:
        return Verdict.SKIP, "No Node or ResourceSlice offers a part of an accelerator."
    return (
        Verdict.PASS,
        f"Parts that can be scheduled: {', '.join([*shared, *([f'{len(parts)} devices of ResourceSlices'] if parts else [])])}.",
    )


def _drivers(seen: Observer, _: Addresses, __: bool) -> Finding:
    with_accelerators = [each for each in seen.all_of("v1", "Node") if _allocatable(each)]
    labels = re.compile(r"(cuda\.driver|driver-version|driver\.version)")
    reported = {
        each["metadata"]["name"]
        for each in with_accelerators
        if any(labels.search(label) for label in each["metadata"].get("labels") or {})
    }
    slices = seen.all_of("resource.k8s.io/v1", "ResourceSlice")
    by_slice = {
        each["spec"].get("nodeName")
        for each in slices
        if any(
            "driverVersion" in (device.get("attributes") or {})
            for device in each["spec"].get("devices") or ()
        )
    }
    names = {each["metadata"]["name"] for each in with_accelerators} | {
        each["spec"].get("nodeName") for each in slices if each["spec"].get("nodeName")
    }
    if not names:
        return Verdict.SKIP, "No Node offers an accelerator."
    unreported = sorted(names - reported - by_slice)
    if unreported:
        return Verdict.SKIP, f"No driver version is reported for {', '.join(unreported[:5])}."
    return Verdict.PASS, f"The driver's version is reported for all {len(names)} Nodes with accelerators."


def _sandboxing(seen: Observer, _: Addresses, __: bool) -> Finding:
    handlers = sorted({str(each.get("handler")) for each in seen.all_of("node.k8s.io/v1", "RuntimeClass")})
    return Verdict.SKIP, f"Handlers of RuntimeClasses: {', '.join(handlers) or 'none'}."


def _secure_access(seen: Observer, addresses: Addresses, _: bool) -> Finding:
    if not addresses.manifests:
        return Verdict.SKIP, ""
    reached = direct_device_access(addresses.manifests)
    count = len(addresses.manifests)
    seen.note(
        "manifests", "\n".join(reached) or f"{count} objects; no Pod accesses the node's devices directly"
    )
    if reached:
        return Verdict.FAIL, f"{len(reached)} places access the node's devices directly: {reached[0]}."
    return Verdict.SKIP, f"No Pod of {count} objects in the manifests accesses the node's devices directly."


def _robust_controller(seen: Observer, _: Addresses, __: bool) -> Finding:
    served = [each for each in _OPERATORS if seen.serves(each[0], each[1])]
    if not served:
        return Verdict.SKIP, "No kind of a known AI operator is served."
    webhooks = [
        rule
        for each in seen.all_of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")
        for hook in each.get("webhooks") or ()
        # With failurePolicy Ignore, an accepted object does not prove that the webhook answered.
        if hook.get("failurePolicy") != "Ignore"
        for rule in hook.get("rules") or ()
    ]
    notes = []
    for api_version, kind, operator in served:
        group = api_version.rpartition("/")[0]
        has_webhook = any(group in (rule.get("apiGroups") or ()) for rule in webhooks)
        completed = [each for each in seen.all_of(api_version, kind) if _is_completed(each)]
        if has_webhook and completed and _webhook_answers(seen, completed[0]):
            return (
                Verdict.PASS,
                f"{operator}: the webhook of {group} answers, and {len(completed)} {kind}s were completed.",
            )
        webhook = "a webhook without a known answer" if has_webhook else "no webhook"
        notes.append(f"{operator} {kind}: {webhook}, {len(completed)} completed")
    return Verdict.SKIP, f"{'; '.join(notes)}."


def _webhook_answers(seen: Observer, completed: Mapping[str, Any]) -> bool:
    """Whether the operator's webhook allows or denies a copy of a completed object, in a dry run."""
    resource = seen.cluster.find(completed["apiVersion"], completed["kind"])
    if resource is None:
        return False
    copy = {key: completed[key] for key in ("apiVersion", "kind", "spec")} | {
        "metadata": {"name": "goldenpath-look", "labels": completed["metadata"].get("labels") or {}}
    }
    try:
        seen.cluster.try_create(resource, copy, namespace=completed["metadata"]["namespace"])
        answer = "accepted"
    except ClusterError as error:
        answer = str(error)
    seen.note("kubectl create --dry-run=server -f -", answer)
    return answer == "accepted" or "denied the request" in answer


def _is_completed(body: Mapping[str, Any]) -> bool:
    status = _status(body)
    words = {str(status.get(key, "")).lower() for key in ("jobStatus", "state", "terminalState")}
    conditions = [each for each in status.get("conditions") or () if each.get("status") == "True"]
    return bool(words & {"succeeded", "ready", "completed"}) or any(
        each.get("type") in {"Available", "Complete", "Completed", "Succeeded", "Ready"}
        for each in conditions
    )


_CHECKS: Final[dict[str, Callable[[Observer, Addresses, bool], Finding]]] = {
    "dra_support": _dra_support,
    "driver_runtime_management": _drivers,
    "gpu_sharing": _gpu_sharing,
    "ai_inference": _ai_inference,
    "advanced_inference_ingress": _advanced_ingress,
    "gang_scheduling": _gang,
    "pod_autoscaling": _pod_autoscaling,
    "accelerator_metrics": _accelerator_metrics,
    "ai_service_metrics": _service_metrics,
    "secure_accelerator_access": _secure_access,
    "workload_sandboxing": _sandboxing,
    "robust_controller": _robust_controller,
}
