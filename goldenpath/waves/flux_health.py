"""The health gate on real clusters: the readiness of each owner's Flux Kustomization and of its objects."""

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
    """Reads the Kustomizations of each cluster once, and derives each owner's health.

    Args:
        fleet: the fleet repository, for the order of commits.
        connect: returns a connection to each of some clusters.
    """

    def __init__(self, fleet: Fleet, connect: Callable[[list[str]], Mapping[str, ClusterClient]]) -> None:
        self._fleet = fleet
        self._connect = connect

    def __call__(self, merged: Mapping[Ref, str], state: FleetState) -> Mapping[Ref, OwnerHealth]:
        """Return the health of each owner on its worst cluster.

        Raises:
            ClusterError: a cluster cannot be read.
            InputError: a cluster has no context.
        """
        clusters = {ref: _clusters_of(ref, state) for ref in merged}
        wanted = sorted({name for names in clusters.values() for name in names})
        read = {name: _ClusterReading(cluster) for name, cluster in self._connect(wanted).items()}

        def worst_health(ref: Ref, commit: str) -> OwnerHealth:
            found = [
                health_of(
                    read[name].kustomizations.get(kustomization),
                    is_applied=lambda applied: self._is_after(commit, applied),
                    waits_for_quota=partial(read[name].waits_for_quota, ref.namespace),
                    worst_object=read[name].applied.worst,
                )
                for name in clusters[ref]
                for kustomization in _kustomizations(ref, name, state)
            ]
            return max(found, key=lambda health: health.state.rank, default=OwnerHealth(HealthState.HEALTHY))

        return {ref: worst_health(ref, commit) for ref, commit in merged.items()}

    def _is_after(self, commit: str, applied: str) -> bool:
        """Whether Flux has applied the commit or a later one."""
        repository = self._fleet.store.repository
        if repository.resolve(applied) is None:
            return False
        return commit == applied or repository.is_ancestor(commit, applied)


def health_of(
    kustomization: Mapping[str, Any] | None,
    *,
    is_applied: Callable[[str], bool],
    waits_for_quota: Callable[[], bool] = lambda: False,
    worst_object: Callable[[Mapping[str, Any]], Readiness] = lambda _: Readiness(ReadinessState.READY),
) -> OwnerHealth:
    """Return an owner's health on one cluster.

    Args:
        kustomization: the Flux Kustomization that applies the owner; None if it does not exist.
        is_applied: whether a commit is the merged one or a later one.
        waits_for_quota: whether a Kueue Workload of the namespace has no quota yet.
        worst_object: returns the worst readiness of the applied objects. Flux itself waits for objects only in
            workloads.
    """
    if kustomization is None:
        return OwnerHealth(HealthState.APPLYING, "its Kustomization does not exist yet")
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
        return _health_of_objects(worst_object(kustomization), waits_for_quota)
    has_attempted = bool(attempted) and is_applied(attempted)
    if ready.get("status") == "Unknown" and has_attempted and (failure := _last_failure(status)):
        failed_at, outcome = failure
        has_failed = is_applied(failed_at)
        why = f"{outcome} at {failed_at[:12]}; Flux is retrying"
    else:
        has_failed = (
            ready.get("status") == "False" and has_attempted and ready.get("reason") not in _PROGRESSING
        )
    if has_failed:
        if waits_for_quota():
            return OwnerHealth(HealthState.WAITING_FOR_QUOTA, why)
        return OwnerHealth(HealthState.UNHEALTHY, why)
    return OwnerHealth(HealthState.APPLYING, why or "Flux has not applied the commit yet")


def _last_failure(status: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return commit and outcome of the last attempt if it failed; None if it succeeded.

    During a retry, `Ready` is Unknown, as during a first attempt. Only the history tells them apart, newest first;
    kustomize-controller has it since 1.7 (Flux 2.7). With an older one, a tenant is being applied between two attempts.
    """
    latest: Mapping[str, Any] = next(iter(status.get("history") or ()), {})
    outcome = str(latest.get("lastReconciledStatus", ""))
    commit = str((latest.get("metadata") or {}).get("revision", "")).rpartition(":")[2]
    return (commit, outcome) if commit and outcome != _SUCCEEDED else None


def _health_of_objects(worst: Readiness, waits_for_quota: Callable[[], bool]) -> OwnerHealth:
    """Return the health of an owner with a ready Kustomization, from the worst readiness of its objects."""
    if worst.state is ReadinessState.READY:
        return OwnerHealth(HealthState.HEALTHY)
    if waits_for_quota():
        return OwnerHealth(HealthState.WAITING_FOR_QUOTA, worst.message)
    is_progressing = worst.state is ReadinessState.PROGRESSING
    return OwnerHealth(HealthState.APPLYING if is_progressing else HealthState.UNHEALTHY, worst.message)


class _ClusterReading:
    """The objects read from one cluster."""

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
    """Return the names of the Kustomizations in the repository that apply an owner on a cluster."""
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
