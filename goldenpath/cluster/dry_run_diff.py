"""Compares objects with a cluster by a dry run of their apply on the server.

The server applies defaults, conversion and admission, so a default is no difference and a refusal is real. If Flux has
applied an object, the dry run uses Flux's field manager, since only the apply of the manager that owns a field removes
the field when it is no longer rendered.

A new tenant's namespace does not exist yet, so the server refuses all objects in it. These objects are created, as a
dry run, in a namespace that always exists (``default``), where schema and validation of the kind give the same result.
A refusal there by admission, quota or rights is not valid for the tenant's namespace, so such an object is left to the
offline check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.cluster.api_errors import NOT_FOUND, field_conflicts
from goldenpath.cluster.apply_order import in_stages
from goldenpath.cluster.cluster_change_set import (
    Change,
    ClusterChangeSet,
    FieldConflict,
    ManagedFieldChange,
    ObjectAction,
    ObjectRef,
    Verified,
)
from goldenpath.cluster.cluster_client import MANAGER
from goldenpath.cluster.field_diff import differences, path_text
from goldenpath.cluster.managers import FLUX_MANAGERS, applied_by, entry_of, managers_at, with_fluxs_own
from goldenpath.errors import ClusterError, ClusterUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from goldenpath.cluster.cluster_client import ClusterClient
    from goldenpath.cluster.discovery import Resource
    from goldenpath.manifests import ManifestObject

__all__ = ["DryRunComparison", "diff"]

_STAND_IN: Final = "default"
_VALID_IN_ANY_NAMESPACE: Final = frozenset({400, 422})
_NO_DRY_RUN: Final = "does not support dry run"


def diff(
    cluster: ClusterClient,
    objects: Iterable[ManifestObject],
    *,
    manager: str | None = None,
    done: Callable[[Change], None] | None = None,
) -> ClusterChangeSet:
    """Compare objects with a cluster, without a change.

    Args:
        cluster: the cluster.
        objects: the desired objects.
        manager: the field manager; by default Flux's if Flux has applied the object, else goldenpath's.
        done: receives each change, from another thread.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read the cluster's kinds or namespaces.
    """
    ordered = [item for stage in in_stages(objects) for item in stage]
    comparison = DryRunComparison(cluster, ordered, manager)

    def compare(item: ManifestObject) -> Change:
        change = comparison.compare(item)
        if done is not None:
            done(change)
        return change

    return ClusterChangeSet(tuple(cluster.each(compare, ordered)))


def _namespace_phases(cluster: ClusterClient, objects: Sequence[ManifestObject]) -> dict[str, str | None]:
    """Return the phase of each namespace of the objects; None if it does not exist."""
    wanted = sorted({item.namespace for item in objects if item.namespace})
    resource = cluster.find("v1", "Namespace")
    if resource is None:
        raise ClusterError(f"{cluster.server} has no namespaces; is this a Kubernetes API server?")
    found = cluster.each(lambda name: cluster.get(resource, name), wanted)
    return {
        name: None if body is None else str((body.get("status") or {}).get("phase", "Active"))
        for name, body in zip(wanted, found, strict=True)
    }


class DryRunComparison:
    """Compares objects that depend on each other with a cluster.

    Without ``judge_new``, an object whose namespace does not exist is only reported as missing.
    """

    def __init__(
        self,
        cluster: ClusterClient,
        objects: Sequence[ManifestObject],
        manager: str | None = None,
        *,
        judge_new: bool = True,
    ) -> None:
        self._cluster = cluster
        self._judge_new = judge_new
        self._manager = manager
        self._phases = _namespace_phases(cluster, objects)
        self._planned = {(item.kind, item.namespace, item.name) for item in objects}

    def compare(self, item: ManifestObject) -> Change:
        """Compare one object with its live state."""
        about = ObjectRef.of(item.body)
        resource = self._cluster.find(about.api_version, about.kind)
        if resource is None:
            return self._unknown_kind(item, about)
        phase = self._phases.get(about.namespace, "Active") if resource.namespaced else "Active"
        if phase == "Terminating":
            message = f"namespace {about.namespace} is being deleted; wait until it no longer exists"
            return Change(about, ObjectAction.REFUSED, item.file, message=message)
        if phase is None:
            return self._without_namespace(item, about, resource)
        live = self._cluster.get(resource, about.name, about.namespace)
        try:
            return self._dry_run(item, about, resource, live)
        except ClusterUnavailableError:
            raise
        except ClusterError as error:
            if self._needs_planned(error, about) and live is None:
                message = f"cannot be validated before {error.named[1]} exists"
                return Change(
                    about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE, message=message
                )
            return Change(about, ObjectAction.REFUSED, item.file, message=_reason(error, about))

    def _dry_run(
        self, item: ManifestObject, about: ObjectRef, resource: Resource, live: dict[str, Any] | None
    ) -> Change:
        manager = self._manager or _applier(live)
        body = with_fluxs_own(item.body, live) if live and manager in FLUX_MANAGERS else item.body
        conflicts: tuple[FieldConflict, ...] = ()
        try:
            answer = self._cluster.apply(resource, body, dry_run=True, manager=manager)
        except ClusterError as error:
            conflicts = tuple(FieldConflict(*found) for found in field_conflicts(error))
            if not conflicts:
                raise
            answer = self._cluster.apply(resource, body, dry_run=True, force=True, manager=manager)
        if live is None:
            return Change(about, ObjectAction.CREATE, item.file, warnings=answer.warnings)
        fields = tuple(
            ManagedFieldChange(
                path_text(found.path), found.before, found.after, managers_at(live, found.path)
            )
            for found in differences(live, answer.body)
        )
        return Change(
            about,
            ObjectAction.CHANGE if fields else ObjectAction.UNCHANGED,
            item.file,
            fields,
            # Taking over a field without a change of its value is not reported as a conflict.
            conflicts if fields else (),
            warnings=answer.warnings,
            ours=entry_of(live, manager) == entry_of(answer.body, manager),
        )

    def _unknown_kind(self, item: ManifestObject, about: ObjectRef) -> Change:
        group, _, _ = about.api_version.rpartition("/")
        if any(
            kind == "CustomResourceDefinition" and name.endswith(f".{group}")
            for kind, _, name in self._planned
        ):
            message = "cannot be validated before its CustomResourceDefinition exists"
            return Change(about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE, message=message)
        others = self._cluster.resources().versions_of(about.kind)
        instead = f"; it has {', '.join(others)}" if others else ""
        message = f"the cluster has no {about.kind} in {about.api_version}{instead}; install the add-on that serves it, or remove the add-on from the fleet"
        return Change(about, ObjectAction.REFUSED, item.file, message=message)

    def _without_namespace(self, item: ManifestObject, about: ObjectRef, resource: Resource) -> Change:
        if not self._judge_new:
            return Change(about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE)
        if ("Namespace", "", about.namespace) not in self._planned:
            message = f"namespace {about.namespace} is not on the cluster, and is not one of the objects; create it first"
            return Change(about, ObjectAction.REFUSED, item.file, message=message)
        try:
            answer = self._cluster.try_create(resource, item.body, namespace=_STAND_IN)
        except ClusterUnavailableError:
            raise
        except ClusterError as error:
            if error.code in _VALID_IN_ANY_NAMESPACE and _NO_DRY_RUN not in str(error):
                return Change(about, ObjectAction.REFUSED, item.file, message=_reason(error, about))
            return Change(about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE)
        return Change(
            about, ObjectAction.CREATE, item.file, verified=Verified.STAND_IN, warnings=answer.warnings
        )

    def _needs_planned(self, error: ClusterError, about: ObjectRef) -> bool:
        """Whether the server misses another planned object, such as the Role of a RoleBinding."""
        return error.code == NOT_FOUND and any(
            name == error.named[1] and (kind, name) != (about.kind, about.name)
            for kind, _, name in self._planned
        )


def _applier(live: dict[str, Any] | None) -> str:
    """Return the field manager that will apply the object next."""
    if live is not None and not applied_by(live, MANAGER):
        return next((name for name in FLUX_MANAGERS if applied_by(live, name)), MANAGER)
    return MANAGER


def _reason(error: ClusterError, about: ObjectRef) -> str:
    """Return the server's message without the object, which the change names."""
    return str(error).removeprefix(f"{about}: ")
