"""Reports every object and field that the request does not cover, so that an adoption is complete by default."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.adoption_result import Leftover, ToDo
from goldenpath.adoption.field_ledger import fields_of, key_of
from goldenpath.adoption.namespace_objects import NAMESPACE_LABEL, at, labels_of, mappings, text
from goldenpath.adoption.object_scopes import is_of_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.adoption.adoption_result import AdoptionBuilder
    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["report_leftovers"]

# Kinds that the reconciler's Role allows in a team's own repository (templates/tenant, reconciler.yaml).
_TEAM_KINDS: Final = frozenset(
    {
        "Bucket", "ConfigMap", "CronJob", "Deployment", "ExternalSecret", "GitRepository", "HelmChart", "HelmRelease",
        "HelmRepository", "HorizontalPodAutoscaler", "Job", "Kustomization", "OCIRepository", "PersistentVolumeClaim",
        "Pod", "PodDisruptionBudget", "PodMonitor", "PrometheusRule", "ReplicaSet", "ResourceClaim",
        "ResourceClaimTemplate", "ScaledJob", "ScaledObject", "Secret", "Service", "ServiceMonitor", "StatefulSet",
    }
)  # fmt: skip
# Kinds that Kubernetes or an add-on creates by itself.
_GENERATED_KINDS: Final = frozenset(
    {"CiliumEndpoint", "ControllerRevision", "Event", "Lease", "PodMetrics", "Workload"}
)  # fmt: skip
_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret
_GENERATED: Final = "Nothing to do: its controller creates it again."
_SECRET: Final = "List each under `secrets` with its provider; the request never has its values."  # noqa: S105
_NO_EXPIRY: Final = (
    "The token never expires: use `kubectl create token` or a projected volume, then remove this Secret."
)
_BARE_POD: Final = "No controller creates the Pod again when its node fails: add it to the team's repository as a Deployment or Job."
_OUTSIDE: Final = "It stays, and the team can no longer change it. List its addresses under `network.egress`, or no Pod can reach them."  # fmt: skip
_REPOSITORY: Final = "It stays. In the team's repository (`source`), Flux takes it over with the first apply."
_INPUT: Final = "It stays, and the team can no longer change it. An extra input of the golden path, or the platform, can create it."
_REFERS: Final = (
    "It stays: it belongs to the platform, and refers to this namespace. Check it after the first publish."
)
_NO_NAMESPACE: Final = "It names no namespace. If its kind has cluster scope, it stays with the platform. Otherwise set its namespace, and adopt again."
_LIMITS: Final = "Remove it after the first publish, or the defaults of both apply. Override the golden path's LimitRange where values must differ."
_PLURAL: Final = {
    _REPOSITORY: "They stay. In the team's repository (`source`), Flux takes them over with the first apply.",
    _INPUT: "They stay, and the team can no longer change them. An extra input of the golden path, or the platform, can create them.",
}
_FEW: Final = 5
_LONGEST: Final = 60
# Keys of a Namespace that change its Pods. All other keys have the advice of _LABEL.
_MESH: Final = (
    "It stays, and new Pods get the mesh's proxy. Allow its control plane under `network.egress`, and use an agent on the "
    "node for traffic redirection, because Pod Security refuses the proxy's init container."
)
_SELECTOR: Final = "It stays, and is added to every new Pod. Check that it selects nodes of the pools under `gpus`, or remove it."
_KEYS: Final = (
    (re.compile(r"(istio-injection|istio\.io/.+|(.+\.)?linkerd\.io/.+|kuma\.io/.+|consul\.hashicorp\.com/.+)"), _MESH),
    (re.compile(r"(scheduler\.alpha\.kubernetes\.io|openshift\.io)/node-selector"), _SELECTOR),
    (re.compile(r"pod-security\.kubernetes\.io/.+"), "The golden path writes its own value with the first publish."),
)  # fmt: skip
_LABEL: Final = "It stays: Flux changes only objects that the golden path renders."
_BY_KIND: Final = {
    "ResourceQuota": (ToDo.OVERRIDE, "No field of the request expresses it, and it ends with this quota. Override the golden path's quota to keep it."),
    "ClusterQueue": (ToDo.OVERRIDE, "The golden path's queue has its own value. Set it under `compute` or `gpus`, or override the queue, to keep this one."),
    "LimitRange": (ToDo.OVERRIDE, "The golden path's LimitRange has its own value. Override the LimitRange to keep this one."),
    "LocalQueue": (ToDo.OVERRIDE, "The golden path's queue has its own value. Override the queue to keep this one."),
    "ServiceAccount": (ToDo.OVERRIDE, "The golden path renders this account without it. Override the account to keep it."),
}  # fmt: skip


def report_leftovers(places: Sequence[NamespaceObjects], builder: AdoptionBuilder) -> None:
    """Report every object that no other part read, once for each kind and advice, and every uncovered field."""
    for place in places:
        for item in place.of("LimitRange"):
            if not place.is_ours(item):
                builder.leave(place, item, ToDo.REMOVE, "exists", _LIMITS)
        fields = [(item, _open_fields(place, item, builder)) for item in place.objects]
        whole: defaultdict[tuple[str, ToDo, str], list[ManifestObject]] = defaultdict(list)
        for item in _unread(place, builder):
            whole[item.kind, *_advice(place, item)].append(item)
        for (kind, todo, advice), items in sorted(whole.items()):
            names = ", ".join(item.name for item in items[:_FEW]) + (" …" if len(items) > _FEW else "")
            if len(items) == 1:
                leftover = Leftover(place.cluster, str(items[0]), "", todo, "exists", advice)
            else:
                what, every = f"{len(items)} objects: {names}", tuple(map(str, items))
                plural = _PLURAL.get(advice, advice)
                leftover = Leftover(
                    place.cluster, f"{kind} {place.namespace}/", "", todo, what, plural, every
                )
            builder.leftovers.append(leftover)
        for item, open_fields in fields:
            for path, value in open_fields.items():
                todo, advice = _field_advice(item, path)
                what = f"is {_shortened(value)}"
                builder.leftovers.append(Leftover(place.cluster, str(item), path, todo, what, advice))


def _open_fields(place: NamespaceObjects, item: ManifestObject, builder: AdoptionBuilder) -> dict[str, Any]:
    """Return the uncovered fields of an object that was read. An unread object is a leftover as a whole."""
    if not builder.ledger.knows(key_of(place, item)) or place.is_ours(item):
        return {}
    return builder.ledger.open_fields(key_of(place, item), item.body)


def _field_advice(item: ManifestObject, path: str) -> tuple[ToDo, str]:
    if item.kind in _BY_KIND and not path.startswith("metadata."):
        return _BY_KIND[item.kind]
    if item.kind == "Namespace":
        key = path.partition("[")[2].rstrip("]") or path.rpartition(".")[2]
        return ToDo.KEEP, next((advice for pattern, advice in _KEYS if pattern.fullmatch(key)), _LABEL)
    if path.startswith("metadata."):
        advice = "No field of the request expresses it. Add it to the object that replaces this one, if a program reads it."
        return ToDo.OVERRIDE, advice
    return (
        ToDo.OVERRIDE,
        "No field of the request expresses it. Check whether the object that replaces this one needs it.",
    )


def _shortened(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _advice(place: NamespaceObjects, item: ManifestObject) -> tuple[ToDo, str]:
    kind = item.kind
    if item.namespace != place.namespace:
        return ToDo.INPUT, _REFERS if _refers_to(place, item) else _NO_NAMESPACE
    if _is_generated(place, item):
        return ToDo.KEEP, _GENERATED
    if kind == "Secret":
        is_token = text(item.body, "type") == _TOKEN
        return (ToDo.REMOVE, _NO_EXPIRY) if is_token else (ToDo.REPOSITORY, _SECRET)
    if kind == "Pod":
        return ToDo.REPOSITORY, _BARE_POD
    if kind in {"Endpoints", "EndpointSlice"}:
        return ToDo.INPUT, _OUTSIDE
    return (ToDo.REPOSITORY, _REPOSITORY) if kind in _TEAM_KINDS else (ToDo.INPUT, _INPUT)


def _unread(place: NamespaceObjects, builder: AdoptionBuilder) -> Iterator[ManifestObject]:
    for item in place.objects:
        if builder.ledger.knows(key_of(place, item)) or place.is_ours(item):
            continue
        is_elsewhere = item.namespace != place.namespace and (item.namespace or is_of_cluster(item))
        if is_elsewhere and not _refers_to(place, item):
            continue
        if item.kind == "Kustomization" and item.name == f"tenant-{place.namespace}":
            continue  # the golden path's own Kustomization, which applies the tenant
        yield item


def _refers_to(place: NamespaceObjects, item: ManifestObject) -> bool:
    """Whether an object outside the namespace refers to the namespace."""
    for path, value in fields_of(item.body).items():
        if value != place.namespace:
            continue
        field = path.rpartition(".")[2]
        if field in {"namespace", "targetNamespace"} or "amespaces[" in path or NAMESPACE_LABEL in path:
            return True
    return False


def _is_generated(place: NamespaceObjects, item: ManifestObject) -> bool:  # noqa: PLR0911 - one for each kind
    """Whether a controller creates the object: one with an owner, of a generated kind, or found in every namespace."""
    if mappings(item.body, "metadata", "ownerReferences") or item.kind in _GENERATED_KINDS:
        return True
    match item.kind:
        case "ConfigMap":
            return item.name in {"kube-root-ca.crt", "openshift-service-ca.crt"}
        case "ReplicaSet":
            return "pod-template-hash" in labels_of(item.body)
        case "Secret":
            return text(item.body, "type") == "helm.sh/release.v1"
        case "Endpoints":
            services = (one for one in place.of("Service") if one.name == item.name)
            return any(at(service.body, "spec", "selector") for service in services)
        case "EndpointSlice":
            return labels_of(item.body).get("endpointslice.kubernetes.io/managed-by", "").endswith(".k8s.io")
    return False
