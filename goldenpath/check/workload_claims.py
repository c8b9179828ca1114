"""Counts the accelerators that a workload uses at least and at most, from its rendered objects.

Objects that a controller creates later do not count. A golden path that renders such objects has its own kind of
request, which counts them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.object_bodies import mapping, mappings
from goldenpath.spec.types import quantity_value
from goldenpath.tenancy.claims import Claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Platform, WorkloadOnCluster
    from goldenpath.tenancy.rendered import RenderedOnCluster
    from goldenpath.tenancy.tenant_accelerators import Pool

__all__ = ["ScalerObject", "object_id", "scalers", "workload_claims"]

_HPA_FEWEST: Final = 1
_KEDA_FEWEST: Final = 0
_KEDA_MOST: Final = 100
"""Defaults of KEDA 2 for a ScaledObject or ScaledJob (keda.sh, "ScaledObject specification")."""


@dataclass(frozen=True, slots=True)
class ScalerObject:
    """An object that sets the number of replicas of another object.

    ``field`` is the field with the smallest number.
    """

    item: ManifestObject
    kind: str
    name: str
    fewest: int
    most: int
    field: str


def workload_claims(rendered: RenderedOnCluster[WorkloadOnCluster]) -> Claims:
    """Return the accelerators that a workload uses, and the objects that no other workload may render."""
    resolved, objects = rendered.resolved, _own(rendered)
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    by_target = {(scaler.kind, scaler.name): scaler for scaler in scalers(objects)}
    templates = {item.name: item for item in objects if item.kind == "ResourceClaimTemplate"}
    for item in objects:
        if item.kind == "ResourceClaim":
            for profile, number in _devices(mapping(item.body, "spec"), resolved.platform):
                least[profile] += number
                most[profile] += number
        scaler = by_target.get(_scaled(item))
        fewest, greatest = (scaler.fewest, scaler.most) if scaler else _replicas(item)
        for pod, times in _pods(item):
            for profile, number in _pod_accelerators(pod, resolved.platform, templates):
                least[profile] += fewest * times * number
                most[profile] += greatest * times * number
    shares = {profile: (least[profile], most[profile]) for profile in sorted(most) if most[profile]}
    return Claims(accelerators=shares, objects=tuple(sorted(map(object_id, objects))))


def object_id(item: ManifestObject) -> str:
    """Return the kind, API group and name of an object, without the version: ``Deployment.apps/chat``."""
    group = item.api_version.rpartition("/")[0]
    return f"{item.kind}.{group}/{item.name}" if group else f"{item.kind}/{item.name}"


def scalers(objects: Iterable[ManifestObject]) -> Iterator[ScalerObject]:
    """Yield the scalers among the objects."""
    for item in objects:
        spec = mapping(item.body, "spec")
        target = mapping(spec, "scaleTargetRef")
        kind, name = str(target.get("kind", "Deployment")), str(target.get("name", ""))
        if item.kind == "HorizontalPodAutoscaler":
            fewest, most = _whole(spec.get("minReplicas"), _HPA_FEWEST), _whole(spec.get("maxReplicas"), 1)
            yield ScalerObject(item, kind, name, fewest, most, "spec.minReplicas")
        elif item.kind == "ScaledObject":
            fewest = _whole(spec.get("minReplicaCount"), _KEDA_FEWEST)
            most = _whole(spec.get("maxReplicaCount"), _KEDA_MOST)
            yield ScalerObject(item, kind, name, fewest, most, "spec.minReplicaCount")


def _own(rendered: RenderedOnCluster[WorkloadOnCluster]) -> tuple[ManifestObject, ...]:
    namespace = rendered.resolved.namespace
    return tuple(item for item in rendered.objects if item.namespace == namespace)


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def _replicas(item: ManifestObject) -> tuple[int, int]:
    spec = mapping(item.body, "spec")
    if item.kind in {"Deployment", "LLMInferenceService", "LeaderWorkerSet", "ReplicaSet", "StatefulSet"}:
        number = _whole(spec.get("replicas"), 1)
        return number, number
    if item.kind == "ScaledJob":
        per_job = _whole(mapping(spec, "jobTargetRef").get("parallelism"), 1)
        fewest = _whole(spec.get("minReplicaCount"), _KEDA_FEWEST)
        return fewest * per_job, _whole(spec.get("maxReplicaCount"), _KEDA_MOST) * per_job
    job = mapping(spec, "jobTemplate", "spec") if item.kind == "CronJob" else spec
    number = _whole(job.get("parallelism"), 1)
    return number, number


def _scaled(item: ManifestObject) -> tuple[str, str]:
    """Return the kind and name that a scaler names. For an LLMInferenceService, that is KServe's Deployment."""
    if item.kind == "LLMInferenceService":
        return "Deployment", f"{item.name}-kserve"
    return item.kind, item.name


def _pods(item: ManifestObject) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the Pod specs of one replica of an object, each with its number of Pods."""
    spec = mapping(item.body, "spec")
    if item.kind == "Pod":
        yield spec, 1
    elif item.kind in {"Deployment", "Job", "ReplicaSet", "StatefulSet"}:
        yield mapping(spec, "template", "spec"), 1
    elif item.kind == "CronJob":
        yield mapping(spec, "jobTemplate", "spec", "template", "spec"), 1
    elif item.kind == "ScaledJob":
        yield mapping(spec, "jobTargetRef", "template", "spec"), 1
    elif item.kind == "LLMInferenceService":
        yield mapping(spec, "template"), 1
    elif item.kind == "LeaderWorkerSet":
        group = mapping(spec, "leaderWorkerTemplate")
        workers = mapping(group, "workerTemplate", "spec")
        leader = mapping(group, "leaderTemplate", "spec")
        yield leader or workers, 1
        yield workers, max(0, _whole(group.get("size"), 1) - 1)
    elif item.kind in {"JobSet", "TrainingRuntime"}:
        jobs = mapping(spec, "template", "spec") if item.kind == "TrainingRuntime" else spec
        for job in mappings(jobs, "replicatedJobs"):
            one = mapping(job, "template", "spec")
            times = _whole(job.get("replicas"), 1) * _whole(one.get("parallelism"), 1)
            yield mapping(one, "template", "spec"), times


def _pod_accelerators(
    pod: dict[str, Any], platform: Platform, templates: dict[str, ManifestObject]
) -> Iterator[tuple[str, int]]:
    """Yield the profile and number of each accelerator that one Pod requests."""
    running: Counter[str] = Counter()
    starting: Counter[str] = Counter()
    for container in mappings(pod, "containers"):
        running.update(_requested(container))
    for container in mappings(pod, "initContainers"):
        starting |= Counter(_requested(container))
    for pool_resource in dict.fromkeys(pool.resource for pool in platform.pools):
        number = max(running[pool_resource], starting[pool_resource])
        if number:
            yield _pool_of(pool_resource, pod, platform).id, number
    for claim in mappings(pod, "resourceClaims"):
        template = templates.get(str(claim.get("resourceClaimTemplateName")))
        if template is not None:
            yield from _devices(mapping(template.body, "spec", "spec"), platform)


def _requested(container: dict[str, Any]) -> dict[str, int]:
    resources = {**mapping(container, "resources", "requests"), **mapping(container, "resources", "limits")}
    numbers = {name: _number(value) for name, value in resources.items() if "/" in name}
    return {name: number for name, number in numbers.items() if number}


def _number(value: Any) -> int:
    try:
        return int(quantity_value(str(value)))
    except ValueError:
        return 0


def _pool_of(resource: str, pod: dict[str, Any], platform: Platform) -> Pool:
    """Return the pool of a resource name: the pool that the node selector of the Pod names, or else the first."""
    pools: Sequence[Pool] = [pool for pool in platform.pools if pool.resource == resource]
    wanted = mapping(pod, "nodeSelector")
    for pool in pools:
        if any(wanted.get(label) == value for label, value in platform.telling_labels(pool)):
            return pool
    return pools[0]


def _devices(claim: dict[str, Any], platform: Platform) -> Iterator[tuple[str, int]]:
    """Yield the profile and number of each device request in the spec of a ResourceClaim."""
    by_class = {pool.name: pool.id for pool in platform.dra_pools}
    for request in mappings(claim, "devices", "requests"):
        options = [mapping(request, "exactly"), *mappings(request, "firstAvailable")]
        for option in options:
            profile = by_class.get(str(option.get("deviceClassName")))
            if profile is not None:
                yield profile, _whole(option.get("count"), 1)
                break
