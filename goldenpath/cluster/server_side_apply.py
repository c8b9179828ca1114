"""Applies objects server-side, in order, to clusters without GitOps.

First all objects are compared (:mod:`goldenpath.cluster.dry_run_diff`). If the server refuses an object, or another
manager owns a field, nothing is applied. Objects without a difference are not applied.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from goldenpath.cluster.apply_order import in_stages
from goldenpath.cluster.cluster_change_set import Change, ClusterChangeSet, ObjectAction, ObjectRef, Verified
from goldenpath.cluster.cluster_client import MANAGER
from goldenpath.cluster.dry_run_diff import diff
from goldenpath.cluster.wait import wait
from goldenpath.errors import ClusterError, ClusterUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.cluster.cluster_client import ClusterClient
    from goldenpath.manifests import ManifestObject

__all__ = ["apply"]

_AWAITED_KINDS = frozenset({"CustomResourceDefinition", "Namespace"})
"""Kinds that must be ready before the next stage."""
_STAGE_TIMEOUT = 60.0
_PAUSE = 0.2


def apply(
    cluster: ClusterClient,
    objects: Iterable[ManifestObject],
    *,
    force_conflicts: bool = False,
    dry_run: bool = False,
    plan: ClusterChangeSet | None = None,
    compared: Callable[[Change], None] | None = None,
    done: Callable[[Change], None] | None = None,
) -> ClusterChangeSet:
    """Apply the objects to a cluster.

    Args:
        cluster: the cluster.
        objects: the desired objects.
        force_conflicts: take over fields that other managers have set to other values.
        dry_run: only compare.
        plan: the result of an earlier dry run of the same objects, which saves the comparison.
        compared: receives each compared object, from another thread.
        done: receives each object after its apply, failed or not, from another thread.

    Returns:
        The changes. If the comparison has refusals or, without ``force_conflicts``, conflicts, nothing is applied. A
        refusal during the apply ends it after the current stage, and later objects are ``skipped``.

    Raises:
        ClusterUnavailableError: the server does not answer. Another apply continues from there.
        ClusterError: this user may not read the cluster's kinds or namespaces.
    """
    wanted = list(objects)
    found = plan or diff(cluster, wanted, manager=MANAGER, done=compared)
    if dry_run or found.refused or (found.conflicts and not force_conflicts):
        return found
    planned = {change.object: change for change in found.changes}
    results: list[Change] = []
    for stage in in_stages(wanted):
        refs = [ObjectRef.of(item.body) for item in stage]
        if any(change.action is ObjectAction.REFUSED for change in results):
            results += (
                replace(planned[ref], action=ObjectAction.SKIPPED, fields=(), conflicts=()) for ref in refs
            )
            continue
        results += cluster.each(
            lambda item: _apply_one(cluster, item, planned[ObjectRef.of(item.body)], force_conflicts, done),
            stage,
        )
        if stage[0].kind in _AWAITED_KINDS:
            wait(cluster, stage, timeout=_STAGE_TIMEOUT)
            _wait_for_kinds(cluster, stage)
    return ClusterChangeSet(tuple(results))


def _wait_for_kinds(cluster: ClusterClient, definitions: Iterable[ManifestObject]) -> None:
    """Wait until discovery lists the kinds, which is a moment after their definitions are established."""
    wanted = {
        (f"{item.body['spec']['group']}/{version['name']}", item.body["spec"]["names"]["kind"])
        for item in definitions
        if item.kind == "CustomResourceDefinition"
        for version in item.body["spec"]["versions"]
        if version.get("served")
    }
    end = time.monotonic() + _STAGE_TIMEOUT
    while wanted and time.monotonic() < end:
        known = cluster.resources(older_than=0)
        wanted = {(version, kind) for version, kind in wanted if known.get(version, kind) is None}
        if wanted:
            time.sleep(_PAUSE)


def _apply_one(
    cluster: ClusterClient,
    item: ManifestObject,
    planned: Change,
    force: bool,
    done: Callable[[Change], None] | None,
) -> Change:
    change = planned
    if planned.action is not ObjectAction.UNCHANGED or not planned.ours:
        try:
            resource = cluster.find(item.api_version, item.kind)
            if resource is None:
                raise ClusterError(f"{item}: the cluster still has no {item.kind}")  # noqa: TRY301 - reported as a refusal
            answer = cluster.apply(resource, item.body, force=force)
            change = replace(planned, verified=Verified.SERVER, message="", warnings=answer.warnings)
        except ClusterUnavailableError:
            raise
        except ClusterError as error:
            message = str(error).removeprefix(f"{item}: ")
            change = replace(planned, action=ObjectAction.REFUSED, fields=(), message=message)
    if done is not None:
        done(change)
    return change
