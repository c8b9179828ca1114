"""Shows what applying objects would change, from a dry run on the server.

The server defaults, converts and admits, so that a default is no difference and a refusal is the real one. Where
Flux has applied an object, the dry run is done in Flux's name: a field that is no longer rendered goes away with its
manager, and only that manager's apply shows it.

A new tenant's namespace is not there yet, and a server refuses whatever would go into it. Those objects are tried as
new ones in a namespace that is always there (``default``): what the schema and the validation of the kind say is true
anywhere. A refusal by admission, quota or rights is that namespace's, and says nothing; such an object is left to the
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

__all__ = ["DryRunComparison", "Namespaces", "diff"]

_STAND_IN: Final = "default"
_TRUE_ANYWHERE: Final = frozenset({400, 422})
_NO_DRY_RUN: Final = "does not support dry run"


def diff(
    cluster: ClusterClient,
    objects: Iterable[ManifestObject],
    *,
    manager: str | None = None,
    done: Callable[[Change], None] | None = None,
) -> ClusterChangeSet:
    """Compare objects with what is on a cluster. Changes nothing.

    Args:
        cluster: the cluster.
        objects: what is wanted there.
        manager: in whose name; without one, Flux's where Flux has applied an object, else ours.
        done: receives each change as it is found, from another thread.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not even ask.

    """
    ordered = [item for stage in in_stages(objects) for item in stage]
    comparison = DryRunComparison(cluster, ordered, manager)

    def compare(item: ManifestObject) -> Change:
        change = comparison.of(item)
        if done is not None:
            done(change)
        return change

    return ClusterChangeSet(tuple(cluster.each(compare, ordered)))


class Namespaces:
    """Which namespaces are there, of those that objects go into."""

    def __init__(self, cluster: ClusterClient, objects: Sequence[ManifestObject]) -> None:
        wanted = sorted({item.namespace for item in objects if item.namespace})
        resource = cluster.find("v1", "Namespace")
        if resource is None:
            raise ClusterError(f"{cluster.server} has no namespaces; is this a Kubernetes API server?")
        found = cluster.each(lambda name: cluster.get(resource, name), wanted)
        self._phase = {
            name: "" if body is None else str((body.get("status") or {}).get("phase", "Active"))
            for name, body in zip(wanted, found, strict=True)
        }

    def missing(self, name: str) -> bool:
        """Whether it is not there."""
        return self._phase.get(name) == ""

    def going(self, name: str) -> bool:
        """Whether it is being deleted: nothing new gets in."""
        return self._phase.get(name) == "Terminating"


class DryRunComparison:
    """Objects that belong together, each against what is on the cluster.

    Without ``judge_new``, an object whose namespace is not there is only reported as missing.
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
        self._namespaces = Namespaces(cluster, objects)
        self._coming = {(item.kind, item.namespace, item.name) for item in objects}

    def of(self, item: ManifestObject) -> Change:
        """One object."""
        about = ObjectRef.of(item.body)
        resource = self._cluster.find(about.api_version, about.kind)
        if resource is None:
            return self._unknown_kind(item, about)
        if resource.namespaced and self._namespaces.going(about.namespace):
            message = f"namespace {about.namespace} is being deleted; wait until it is gone"
            return Change(about, ObjectAction.REFUSED, item.file, message=message)
        if resource.namespaced and self._namespaces.missing(about.namespace):
            return self._without_namespace(item, about, resource)
        live = self._cluster.get(resource, about.name, about.namespace)
        try:
            return self._against(item, about, resource, live)
        except ClusterUnavailableError:
            raise
        except ClusterError as error:
            if self._is_coming(error, about) and live is None:
                message = f"cannot be judged before {error.named[1]} is there"
                return Change(
                    about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE, message=message
                )
            return Change(about, ObjectAction.REFUSED, item.file, message=_reason(error, about))

    def _against(
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
            # Taking a field over without changing it is no conflict that anyone would see.
            conflicts if fields else (),
            warnings=answer.warnings,
            ours=entry_of(live, manager) == entry_of(answer.body, manager),
        )

    def _unknown_kind(self, item: ManifestObject, about: ObjectRef) -> Change:
        group, _, _ = about.api_version.rpartition("/")
        if any(
            kind == "CustomResourceDefinition" and name.endswith(f".{group}")
            for kind, _, name in self._coming
        ):
            message = "cannot be judged before its CustomResourceDefinition is there"
            return Change(about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE, message=message)
        others = self._cluster.resources().versions_of(about.kind)
        instead = f"; it has {', '.join(others)}" if others else ""
        message = f"the cluster has no {about.kind} in {about.api_version}{instead}: install what serves it, or leave its add-on out of the fleet"
        return Change(about, ObjectAction.REFUSED, item.file, message=message)

    def _without_namespace(self, item: ManifestObject, about: ObjectRef, resource: Resource) -> Change:
        if not self._judge_new:
            return Change(about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE)
        if ("Namespace", "", about.namespace) not in self._coming:
            message = f"namespace {about.namespace} is not on the cluster, and is not among the objects"
            return Change(about, ObjectAction.REFUSED, item.file, message=message)
        try:
            answer = self._cluster.try_create(resource, item.body, namespace=_STAND_IN)
        except ClusterUnavailableError:
            raise
        except ClusterError as error:
            if error.code in _TRUE_ANYWHERE and _NO_DRY_RUN not in str(error):
                return Change(about, ObjectAction.REFUSED, item.file, message=_reason(error, about))
            return Change(about, ObjectAction.CREATE, item.file, verified=Verified.OFFLINE)
        return Change(
            about, ObjectAction.CREATE, item.file, verified=Verified.STAND_IN, warnings=answer.warnings
        )

    def _is_coming(self, error: ClusterError, about: ObjectRef) -> bool:
        """Whether the server misses another object that is among these, such as the Role of a RoleBinding."""
        return error.code == NOT_FOUND and any(
            name == error.named[1] and (kind, name) != (about.kind, about.name)
            for kind, _, name in self._coming
        )


def _applier(live: dict[str, Any] | None) -> str:
    """Who will apply it next."""
    if live is not None and not applied_by(live, MANAGER):
        return next((name for name in FLUX_MANAGERS if applied_by(live, name)), MANAGER)
    return MANAGER


def _reason(error: ClusterError, about: ObjectRef) -> str:
    """The server's words, without the object that stands beside them anyway."""
    return str(error).removeprefix(f"{about}: ")
