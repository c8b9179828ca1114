"""Compares many objects on a cluster with their rendering, at little cost.

An object that holds every value that was rendered, and in which its appliers manage nothing else, is as it
should be: that needs no question. Only what looks different is asked about, in a dry run: it may be a quantity that
the server writes in another way.
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

__all__ = ["drift", "holds"]

_APPLIERS: Final = (*FLUX_MANAGERS, "goldenpath")


def drift(
    cluster: ClusterClient, objects: Iterable[ManifestObject], live: Mapping[ObjectRef, Mapping[str, Any]]
) -> ClusterChangeSet:
    """Compare objects with what was read from a cluster before; ask again only where they seem to differ.

    Args:
        cluster: the cluster.
        objects: what was rendered for it.
        live: what it has, as far as it was read; what is not among it is asked about.

    Raises:
        ClusterUnavailableError: the server does not answer.

    """
    ordered = [item for stage in in_stages(objects) for item in stage]
    found: dict[ObjectRef, Change] = {}
    doubtful: list[ManifestObject] = []
    for item in ordered:
        about = ObjectRef.of(item.body)
        body = live.get(about)
        if body is not None and holds(body, item.body):
            found[about] = Change(about, ObjectAction.UNCHANGED, item.file)
        else:
            doubtful.append(item)
    if doubtful:
        comparison = DryRunComparison(cluster, doubtful, judge_new=False)
        for change in cluster.each(comparison.of, doubtful):
            found[change.object] = change
    return ClusterChangeSet(tuple(found[ObjectRef.of(item.body)] for item in ordered))


def holds(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an object has every value that is wanted, and its appliers manage nothing that is not. Pure."""
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
    """Whether what is wanted has the managed field; list items are compared by :func:`_covers` already."""
    for step in path:
        mark, _, name = step.partition(":")
        if mark != "f":
            return True
        if not isinstance(wanted, dict) or name not in wanted:
            return False
        wanted = wanted[name]
    return True
