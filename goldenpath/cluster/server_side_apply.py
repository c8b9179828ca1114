"""Server-side apply, in order, for clusters to which no Git repository is applied.

First everything is compared (:mod:`goldenpath.cluster.dry_run_diff`), and where the server refuses an object, or a field
belongs to another manager, nothing is applied at all. What is as it should be is left alone.
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

_BEFORE_OTHERS = frozenset({"CustomResourceDefinition", "Namespace"})
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
    """Make a cluster have the objects.

    Args:
        cluster: the cluster.
        objects: what is wanted there.
        force_conflicts: take over fields that other managers have set to something else.
        dry_run: only compare.
        plan: what an earlier dry run of the same objects gave, so that they are not compared again.
        compared: receives each compared object, from another thread.
        done: receives each object after its apply, failed or not, from another thread.

    Returns:
        What was done. Where it has refusals or, without ``force_conflicts``, conflicts from the comparison, nothing
        was. A refusal while applying ends it after the stage that it came in; what was not reached is ``skipped``.

    Raises:
        ClusterUnavailableError: the server does not answer. Applying again goes on where this ended.
        ClusterError: this user may not even ask.

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
            lambda item: _applied(cluster, item, planned[ObjectRef.of(item.body)], force_conflicts, done),
            stage,
        )
        if stage[0].kind in _BEFORE_OTHERS:
            wait(cluster, stage, timeout=_STAGE_TIMEOUT)
            _wait_for_kinds(cluster, stage)
    return ClusterChangeSet(tuple(results))


def _wait_for_kinds(cluster: ClusterClient, definitions: Iterable[ManifestObject]) -> None:
    """An established definition is served a moment before discovery tells of it."""
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


def _applied(
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
                raise ClusterError(f"{item}: the cluster still has no {item.kind}")  # noqa: TRY301 - reported like a refusal
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
