"""Objects of the namespace that the request does not take over: the team's own, and those of the platform.

Every object and every field that nothing has accounted for is reported here, so that an adoption is complete by default.
"""

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

# What the reconciler's Role lets a team's own repository make (templates/tenant, reconciler.yaml).
_TEAMS: Final = frozenset(
    {
        "Bucket", "ConfigMap", "CronJob", "Deployment", "ExternalSecret", "GitRepository", "HelmChart", "HelmRelease",
        "HelmRepository", "HorizontalPodAutoscaler", "Job", "Kustomization", "OCIRepository", "PersistentVolumeClaim",
        "Pod", "PodDisruptionBudget", "PodMonitor", "PrometheusRule", "ReplicaSet", "ResourceClaim",
        "ResourceClaimTemplate", "ScaledJob", "ScaledObject", "Secret", "Service", "ServiceMonitor", "StatefulSet",
    }
)  # fmt: skip
# What Kubernetes or an add-on makes by itself, again and again.
_MADE: Final = frozenset(
    {"CiliumEndpoint", "ControllerRevision", "Event", "Lease", "PodMetrics", "Workload"}
)  # fmt: skip
_TOKEN: Final = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret
_AGAIN: Final = "Nothing to do: what made it makes it again."
_SECRET: Final = "List each under `secrets` with its provider; the request never has its values."  # noqa: S105
_ENDLESS: Final = (
    "A token without an end: use `kubectl create token` or a projected volume, then remove this Secret."
)
_BARE: Final = "Nothing makes such a Pod again when its node goes: write it as a Deployment or Job into the team's repository."
_OUTSIDE: Final = "It stays, and the team can no longer change it. Say its addresses under `network.egress`; else no Pod reaches them."  # fmt: skip
_REPOSITORY: Final = (
    "Stays as it is. In the team's repository (`source`), Flux takes it over with the first apply."
)
_INPUT: Final = "Stays, and the team can no longer change it: an extra input of the golden path, or the platform, may make it."
_NAMES_IT: Final = (
    "It stays: it belongs to the platform, and refers to this namespace. Check it after the first publish."
)
_NO_NAMESPACE: Final = "It names no namespace. Of cluster scope, it stays the platform's; else name the namespace in it, and adopt again."
_LIMITS: Final = (
    "Remove it after the first publish, or the defaults of both hold; what must differ is an override."
)
_OF_SEVERAL: Final = {
    _REPOSITORY: "They stay as they are. In the team's repository (`source`), Flux takes them over with the first apply.",
    _INPUT: "They stay, and the team can no longer change them: an extra input of the golden path, or the platform, may make them.",
}
_FEW: Final = 5
_LONGEST: Final = 60
# Keys of a Namespace that change what happens in it; all others have the advice of _LABEL.
_MESH: Final = (
    "It stays, and new Pods get the mesh's proxy: let them reach its control plane with `network.egress`, and let an agent "
    "on the node set up traffic, since Pod Security refuses the proxy's init container."
)
_SELECTOR: Final = "It stays, and is added to every new Pod: see that it selects nodes of the pools under `gpus`; take it off if not."
_KEYS: Final = (
    (re.compile(r"(istio-injection|istio\.io/.+|(.+\.)?linkerd\.io/.+|kuma\.io/.+|consul\.hashicorp\.com/.+)"), _MESH),
    (re.compile(r"(scheduler\.alpha\.kubernetes\.io|openshift\.io)/node-selector"), _SELECTOR),
    (re.compile(r"pod-security\.kubernetes\.io/.+"), "The golden path writes its own value with the first publish."),
)  # fmt: skip
_LABEL: Final = "It stays: Flux changes only objects that the golden path renders."
_BY_KIND: Final = {
    "ResourceQuota": (ToDo.OVERRIDE, "No field of the request says it, and it ends with this quota: where it must hold, override the quota of the golden path."),
    "ClusterQueue": (ToDo.OVERRIDE, "The golden path's queue has its own: what must hold, say under `compute` and `gpus`, or override the queue."),
    "LimitRange": (ToDo.OVERRIDE, "The golden path's LimitRange has its own numbers: where yours must hold, override it."),
    "LocalQueue": (ToDo.OVERRIDE, "The golden path's queue has its own: where it must hold, override the queue."),
    "ServiceAccount": (ToDo.OVERRIDE, "The golden path makes this account without it: where it must hold, override the account."),
}  # fmt: skip


def report_leftovers(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """Report every object that no other part used; a kind with many objects is reported once."""
    for place in places:
        for item in place.of("LimitRange"):
            if not place.is_ours(item):
                account.leave(place, item, ToDo.REMOVE, "is there", _LIMITS)
        fields = [(item, _open_fields(place, item, account)) for item in place.objects]
        whole: defaultdict[tuple[str, ToDo, str], list[ManifestObject]] = defaultdict(list)
        for item in _unsettled(place, account):
            whole[item.kind, *_advice(place, item)].append(item)
        for (kind, todo, advice), items in sorted(whole.items()):
            names = ", ".join(item.name for item in items[:_FEW]) + (" …" if len(items) > _FEW else "")
            what = f"{len(items)} of them: {names}" if len(items) > 1 else "is there"
            thing = str(items[0]) if len(items) == 1 else f"{kind} {place.namespace}/"
            every = tuple(str(item) for item in items) if len(items) > 1 else ()
            text = _OF_SEVERAL.get(advice, advice) if len(items) > 1 else advice
            account.leftovers.append(Leftover(place.cluster, thing, "", todo, what, text, every))
        for item, open_fields in fields:
            for path, value in open_fields.items():
                todo, advice = _field_advice(item, path)
                account.leftovers.append(
                    Leftover(place.cluster, str(item), path, todo, f"says {_shown(value)}", advice)
                )


def _open_fields(place: NamespaceObjects, item: ManifestObject, account: AdoptionBuilder) -> dict[str, Any]:
    """The fields of an object that was read in part; one that was not read at all is a leftover as a whole."""
    if not account.ledger.knows(key_of(place, item)) or place.is_ours(item):
        return {}
    return account.ledger.open_fields(key_of(place, item), item.body)


def _field_advice(item: ManifestObject, path: str) -> tuple[ToDo, str]:
    if item.kind in _BY_KIND and not path.startswith("metadata."):
        return _BY_KIND[item.kind]
    if item.kind == "Namespace":
        key = path.partition("[")[2].rstrip("]") or path.rpartition(".")[2]
        return ToDo.KEEP, next((advice for pattern, advice in _KEYS if pattern.fullmatch(key)), _LABEL)
    if path.startswith("metadata."):
        return (
            ToDo.OVERRIDE,
            "No field of the request says it: where something reads it, write it onto what replaces the object.",
        )
    return ToDo.OVERRIDE, "No field of the request says it: see whether what replaces the object needs it."


def _shown(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False, default=str)
    return said if len(said) <= _LONGEST else said[:_LONGEST] + "…"


def _advice(place: NamespaceObjects, item: ManifestObject) -> tuple[ToDo, str]:
    kind = item.kind
    if item.namespace != place.namespace:
        return ToDo.INPUT, _NAMES_IT if _names_it(place, item) else _NO_NAMESPACE
    if _is_made(place, item):
        return ToDo.KEEP, _AGAIN
    if kind == "Secret":
        return (ToDo.REMOVE, _ENDLESS) if text(item.body, "type") == _TOKEN else (ToDo.REPOSITORY, _SECRET)
    if kind == "Pod":
        return ToDo.REPOSITORY, _BARE
    if kind in {"Endpoints", "EndpointSlice"}:
        return ToDo.INPUT, _OUTSIDE
    return (ToDo.REPOSITORY, _REPOSITORY) if kind in _TEAMS else (ToDo.INPUT, _INPUT)


def _unsettled(place: NamespaceObjects, account: AdoptionBuilder) -> Iterator[ManifestObject]:
    for item in place.objects:
        if account.ledger.knows(key_of(place, item)) or place.is_ours(item):
            continue
        is_elsewhere = item.namespace != place.namespace and (item.namespace or is_of_cluster(item))
        if is_elsewhere and not _names_it(place, item):
            continue
        if item.kind == "Kustomization" and item.name == f"tenant-{place.namespace}":
            continue  # the golden path's own, which applies the tenant
        yield item


def _names_it(place: NamespaceObjects, item: ManifestObject) -> bool:
    """Whether an object outside the namespace names it, as a namespace."""
    for path, value in fields_of(item.body).items():
        if value != place.namespace:
            continue
        field = path.rpartition(".")[2]
        if field in {"namespace", "targetNamespace"} or "amespaces[" in path or NAMESPACE_LABEL in path:
            return True
    return False


def _is_made(place: NamespaceObjects, item: ManifestObject) -> bool:  # noqa: PLR0911 - one for each kind
    """What a controller makes again: by its owner, by its kind, and what every namespace has."""
    if mappings(item.body, "metadata", "ownerReferences") or item.kind in _MADE:
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
