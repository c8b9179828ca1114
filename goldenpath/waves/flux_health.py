"""The health gate on real clusters: what Flux says of each owner's Kustomization, and how its objects are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from goldenpath import kubeyaml
from goldenpath.cluster import Readiness, ReadinessState, condition_of
from goldenpath.spec.ref import Subject
from goldenpath.tenancy import RepositoryPaths
from goldenpath.waves.applied_objects import AppliedObjects
from goldenpath.waves.owner_health import HealthState, OwnerHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from goldenpath.cluster import ClusterClient
    from goldenpath.fleet import Fleet
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.spec.ref import Ref

__all__ = ["FluxHealth", "health_of"]

_KUSTOMIZATION: Final = ("kustomize.toolkit.fluxcd.io/v1", "Kustomization")
_WORKLOADS: Final = (("kueue.x-k8s.io/v1beta2", "Workload"), ("kueue.x-k8s.io/v1beta1", "Workload"))
_NAMESPACE: Final = "flux-system"
_SUCCEEDED: Final = "ReconciliationSucceeded"
_PROGRESSING: Final = frozenset({"Progressing", "DependencyNotReady", "ArtifactFailed"})


class FluxHealth:
    """Reads the Kustomizations of each cluster once, and judges each owner by its own.

    Args:
        fleet: the fleet repository, for the order of commits.
        connect: gives a connection to each of some clusters.
    """

    def __init__(self, fleet: Fleet, connect: Callable[[list[str]], Mapping[str, ClusterClient]]) -> None:
        self._fleet = fleet
        self._connect = connect

    def __call__(self, merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
        """How each owner is, on the worst of its clusters.

        Raises:
            ClusterError: a cluster cannot be read.
            InputError: a cluster has no context.
        """
        clusters = {ref: _clusters_of(ref, state) for ref in merged}
        wanted = sorted({name for names in clusters.values() for name in names})
        there = {name: _Read(cluster) for name, cluster in self._connect(wanted).items()}

        def of_one(ref: Ref, commit: str) -> OwnerHealth:
            found = [
                health_of(
                    there[name].kustomizations.get(kustomization),
                    is_applied=lambda applied: self._is_after(commit, applied),
                    waits_for_quota=partial(there[name].waits_for_quota, ref.namespace),
                    objects=there[name].applied.worst,
                )
                for name in clusters[ref]
                for kustomization in _kustomizations(ref, name, state)
            ]
            return max(found, key=lambda health: health.state.rank, default=OwnerHealth(HealthState.HEALTHY))

        return {ref: of_one(ref, commit) for ref, commit in merged.items()}

    def _is_after(self, commit: str, applied: str) -> bool:
        """Whether what Flux applied is the commit or a later one."""
        repository = self._fleet.store.repository
        if repository.resolve(applied) is None:
            return False
        return commit == applied or repository.is_ancestor(commit, applied)


def health_of(
    kustomization: Mapping[str, Any] | None,
    *,
    is_applied: Callable[[str], bool],
    waits_for_quota: Callable[[], bool] = lambda: False,
    objects: Callable[[Mapping[str, Any]], Readiness] = lambda _: Readiness(ReadinessState.READY),
) -> OwnerHealth:
    """How an owner is on one cluster.

    Args:
        kustomization: the Flux Kustomization that applies it; None where it is not there.
        is_applied: whether a commit is at or after the one that was merged.
        waits_for_quota: whether a Kueue Workload of the namespace has no quota yet.
        objects: the worst state of what the Kustomization has applied. Flux itself waits for it in workloads alone.
    """
    if kustomization is None:
        return OwnerHealth(HealthState.APPLYING, "its Kustomization is not there yet")
    status = kustomization.get("status") or {}
    applied = str(status.get("lastAppliedRevision", "")).rpartition(":")[2]
    attempted = str(status.get("lastAttemptedRevision", "")).rpartition(":")[2]
    ready = condition_of(kustomization, "Ready") or {}
    why = str(ready.get("message", ""))
    is_ready = ready.get("status") == "True"
    is_current = status.get("observedGeneration") == (kustomization.get("metadata") or {}).get("generation")
    if (kustomization.get("spec") or {}).get("suspend") is True:
        return OwnerHealth(HealthState.APPLYING, "its Kustomization is suspended")
    if is_ready and is_current and applied and is_applied(applied):
        return _of_objects(objects(kustomization), waits_for_quota)
    has_tried = bool(attempted) and is_applied(attempted)
    if ready.get("status") == "Unknown" and has_tried and (failure := _last_failure(status)):
        failed_at, outcome = failure
        has_failed = is_applied(failed_at)
        why = f"{outcome} at {failed_at[:12]}: Flux tries it again"
    else:
        has_failed = ready.get("status") == "False" and has_tried and ready.get("reason") not in _PROGRESSING
    if has_failed:
        if waits_for_quota():
            return OwnerHealth(HealthState.WAITING_FOR_QUOTA, why)
        return OwnerHealth(HealthState.UNHEALTHY, why)
    return OwnerHealth(HealthState.APPLYING, why or "Flux has not applied the commit yet")


def _last_failure(status: Mapping[str, Any]) -> tuple[str, str] | None:
    """Commit and outcome of the last try where it failed; None where it did not.

    While Flux tries again, `Ready` is Unknown, as on a first try. The history tells them apart: kustomize-controller has
    it since 1.7 (Flux 2.7), newest first. With an older one, a tenant counts as being applied between two tries.
    """
    latest: Mapping[str, Any] = next(iter(status.get("history") or ()), {})
    outcome = str(latest.get("lastReconciledStatus", ""))
    commit = str((latest.get("metadata") or {}).get("revision", "")).rpartition(":")[2]
    return (commit, outcome) if commit and outcome != _SUCCEEDED else None


def _of_objects(worst: Readiness, waits_for_quota: Callable[[], bool]) -> OwnerHealth:
    """How an owner is whose Kustomization is ready, by the worst of its objects."""
    if worst.state is ReadinessState.READY:
        return OwnerHealth(HealthState.HEALTHY)
    if waits_for_quota():
        return OwnerHealth(HealthState.WAITING_FOR_QUOTA, worst.message)
    is_on_its_way = worst.state is ReadinessState.PROGRESSING
    return OwnerHealth(HealthState.APPLYING if is_on_its_way else HealthState.UNHEALTHY, worst.message)


class _Read:
    """What is read of one cluster."""

    def __init__(self, cluster: ClusterClient) -> None:
        self._cluster = cluster
        resource = cluster.resources().get(*_KUSTOMIZATION)
        bodies: Iterable[Mapping[str, Any]] = cluster.all_of(resource, _NAMESPACE) if resource else ()
        self.kustomizations = {str(body["metadata"]["name"]): body for body in bodies}
        self.applied = AppliedObjects(cluster)
        self._waiting: dict[str, bool] = {}

    def waits_for_quota(self, namespace: str) -> bool:
        """Whether a Workload of a namespace has no quota yet."""
        if namespace and namespace not in self._waiting:
            found = (self._cluster.resources().get(*kind) for kind in _WORKLOADS)
            resource = next((each for each in found if each is not None), None)
            bodies: Iterable[Mapping[str, Any]] = (
                self._cluster.all_of(resource, namespace) if resource else ()
            )
            self._waiting[namespace] = any(
                (condition_of(body, "QuotaReserved") or {}).get("status") == "False" for body in bodies
            )
        return self._waiting.get(namespace, False)


def _kustomizations(ref: Ref, cluster: str, state: FleetState) -> list[str]:
    """The names of the Kustomizations that apply an owner on a cluster, as the repository has them."""
    path = RepositoryPaths(ref, state.context.layout).flux(cluster)
    entry = state.snapshot.find(path)
    if entry is None:
        return []
    text = state.snapshot.reader.blob(entry.id).decode()
    documents = kubeyaml.load_all(text, name=path)
    return [each["metadata"]["name"] for each in documents if each and each.get("kind") == "Kustomization"]


def _clusters_of(ref: Ref, state: FleetState) -> tuple[str, ...]:
    if ref.subject is Subject.PLATFORM:
        return (ref.name,)
    lock = state.tree.lock(state.tree.find(ref)).lock
    return tuple(lock.clusters) if lock else ()
