"""What is there and was not read: the team's own, or something that only the platform may make."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from goldenpath.adoption.adoption_result import Leftover, ToDo
from goldenpath.adoption.namespace_objects import mappings, text

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
    {
        "CiliumEndpoint", "ControllerRevision", "Endpoints", "EndpointSlice", "Event", "Lease", "Pod", "PodMetrics",
        "ReplicaSet", "Workload",
    }
)  # fmt: skip
_SECRET: Final = "Say under `secrets` where each comes from; what is in it stays where it is."  # noqa: S105
_REPOSITORY: Final = (
    "They stay as they are. In the team's repository (`source`), Flux takes them over with the first apply."
)
_INPUT: Final = "They stay, and the team can no longer change them: an extra input of the golden path, or the platform, may make them."
_FEW: Final = 5


def report_leftovers(places: Sequence[NamespaceObjects], account: AdoptionBuilder) -> None:
    """Report every object that no other part used; a kind with many objects is reported once."""
    for place in places:
        rest: defaultdict[str, list[ManifestObject]] = defaultdict(list)
        for item in _unsettled(place, account):
            rest[item.kind].append(item)
        for kind, items in sorted(rest.items()):
            todo, advice = _advice(kind)
            names = ", ".join(item.name for item in items[:_FEW]) + (" …" if len(items) > _FEW else "")
            what = f"{len(items)} of them: {names}" if len(items) > 1 else "is there"
            thing = str(items[0]) if len(items) == 1 else f"{kind} {place.namespace}/"
            account.leftovers.append(Leftover(place.cluster, thing, "", todo, what, advice))


def _advice(kind: str) -> tuple[ToDo, str]:
    if kind == "Secret":
        return ToDo.REPOSITORY, _SECRET
    if kind == "LimitRange":
        return (
            ToDo.REMOVE,
            "Remove it after the first publish, or the defaults of both hold; what must differ is an override.",
        )
    return (ToDo.REPOSITORY, _REPOSITORY) if kind in _TEAMS else (ToDo.INPUT, _INPUT)


def _unsettled(place: NamespaceObjects, account: AdoptionBuilder) -> Iterator[ManifestObject]:
    for item in place.objects:
        if item.namespace != place.namespace or account.is_settled(place, item) or place.is_ours(item):
            continue
        if item.kind in _MADE or mappings(item.body, "metadata", "ownerReferences"):
            continue
        if _is_kubernetes_own(item) or (
            item.kind == "Kustomization" and item.name == f"tenant-{place.namespace}"
        ):
            continue
        yield item


def _is_kubernetes_own(item: ManifestObject) -> bool:
    """What every namespace has, and Helm's records of its releases."""
    if item.kind == "ConfigMap":
        return item.name in {"kube-root-ca.crt", "openshift-service-ca.crt"}
    return item.kind == "Secret" and text(item.body, "type") in {
        "helm.sh/release.v1", "kubernetes.io/service-account-token",
    }  # fmt: skip
