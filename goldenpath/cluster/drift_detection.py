"""Compares many objects on a cluster with their rendering, with few requests.

An object has no drift if it holds every rendered value and its appliers manage no other field. Only for other objects
a dry run is needed, since the server may write a value, such as a quantity, in another way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.cluster.apply_order import in_stages
from goldenpath.cluster.cluster_change_set import Change, ClusterChangeSet, ObjectAction, ObjectRef
from goldenpath.cluster.dry_run_diff import DryRunComparison
from goldenpath.cluster.field_diff import comparable
from goldenpath.cluster.managers import FLUX_MANAGERS, entry_of, is_fluxs_own, owned_fields
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from goldenpath.cluster.cluster_client import ClusterClient
    from goldenpath.manifests import ManifestObject

__all__ = ["drift", "is_as_rendered"]

_APPLIERS: Final = (*FLUX_MANAGERS, "goldenpath")


def drift(
    cluster: ClusterClient, objects: Iterable[ManifestObject], live: Mapping[ObjectRef, Mapping[str, Any]]
) -> ClusterChangeSet:
    """Compare objects with their live state, and send a dry run only for those that seem to differ.

    Args:
        cluster: the cluster.
        objects: the rendered objects.
        live: live objects that were read before. A rendered object that is not among them gets a dry run.

    Raises:
        ClusterUnavailableError: the server does not answer.
    """
    ordered = [item for stage in in_stages(objects) for item in stage]
    found: dict[ObjectRef, Change] = {}
    doubtful: list[ManifestObject] = []
    for item in ordered:
        about = ObjectRef.of(item.body)
        body = live.get(about)
        if body is not None and is_as_rendered(body, item.body):
            found[about] = Change(about, ObjectAction.UNCHANGED, item.file)
        else:
            doubtful.append(item)
    if doubtful:
        comparison = DryRunComparison(cluster, doubtful, judge_new=False)
        for change in cluster.each(comparison.compare, doubtful):
            found[change.object] = change
    return ClusterChangeSet(tuple(found[ObjectRef.of(item.body)] for item in ordered))


def is_as_rendered(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a live object has every rendered value, and its appliers manage no other field. Pure."""
    if not _covers(comparable(live), comparable(wanted)):
        return False
    for manager in _APPLIERS:
        tree = entry_of(live, manager)
        if tree is not None and not all(
            is_fluxs_own(path) or _is_wanted(wanted, path) for path in owned_fields(tree)
        ):
            return False
    return True


def _covers(live: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(
            _covers(live[key], value) if key in live else value in ({}, [], None)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(live, list):
        return len(live) == len(wanted) and all(map(_covers, live, wanted))
    return bool(live == wanted) or _same_quantity(live, wanted)


def _same_quantity(live: Any, wanted: Any) -> bool:
    if not isinstance(live, str) or not isinstance(wanted, str | int | float) or isinstance(wanted, bool):
        return False
    try:
        return quantity_value(live) == quantity_value(str(wanted))
    except ValueError:
        return False


def _is_wanted(wanted: Any, path: Sequence[str]) -> bool:
    """Whether the rendering has the managed field. List items are compared by :func:`_covers`."""
    for step in path:
        mark, _, name = step.partition(":")
        if mark != "f":
            return True
        if not isinstance(wanted, dict) or name not in wanted:
            return False
        wanted = wanted[name]
    return True
