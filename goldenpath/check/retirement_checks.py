"""Two commits remove a tenant: one holds it, one deletes it. What the first must have done for the second.

Read off the objects, whatever golden path or override made them: a hold that lets something start again is not a hold,
and one that Flux may not follow up leaves an unmanaged namespace behind (docs/decisions/0013).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath import names
from goldenpath.check.cross_object_checks import HOLDS, walls
from goldenpath.check.object_bodies import mapping
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy

__all__ = ["check_retiring"]

_DISABLED: Final = "disabled"
_APPLIERS: Final = ("helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/")
_MUST_BE_ZERO: Final = ("pods", "requests.cpu", "requests.memory", "requests.storage")
_GO_ON: Final = "Take the override back, or let the golden path ask `tenancy.is_retiring`."


def check_retiring(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Findings about a tenant that is being retired on a cluster; none about one that is not.

    Args:
        tenancy: the tenant on one cluster.
        objects: what was rendered for it there, with its overrides.

    """
    if tenancy.is_retiring:
        yield from _namespaces(objects)
        yield from _quotas(tenancy, objects)
        yield from _queues(objects)
        yield from _appliers(tenancy, objects)


def _namespaces(objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    for item in objects:
        if item.kind != "Namespace":
            continue
        labels, annotations = (mapping(item.body, "metadata", part) for part in ("labels", "annotations"))
        # Flux asks both, whatever the case (fluxcd/pkg ssa, AnyInMetadata).
        kept = any(str(part.get(names.PRUNE)).lower() == _DISABLED for part in (labels, annotations))
        if kept:
            message = "is never pruned by Flux: when the tenant is deleted, it would stay for ever"
            yield _finding(
                item, f"metadata.annotations[{names.PRUNE}]", "retiring-namespace-kept", message, _GO_ON
            )
        if labels.get(names.RETIRING) != "true":
            message = f"does not say that it is being retired: it has no label {names.RETIRING}"
            yield _finding(item, "metadata.labels", "retiring-not-said", message, _GO_ON)


def _quotas(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    quotas = [item for item in objects if item.kind == "ResourceQuota"]
    there = walls(quotas).get(tenancy.name, {})
    for key in dict.fromkeys([*_MUST_BE_ZERO, *tenancy.accelerator_quota, *there]):
        if key not in there:
            message = f"no ResourceQuota limits {key}, so that more of it may start in a tenant that is being retired"
        elif there[key] > 0:
            message = f"{there[key]:f} of {key} may still start in a tenant that is being retired"
        else:
            continue
        place = f"Tenant {tenancy.name} on {tenancy.cluster_name}"
        yield Finding("", place, "retiring", "retiring-not-held", Severity.ERROR, message, _GO_ON)


def _queues(objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    for item in objects:
        if item.kind in {"ClusterQueue", "LocalQueue"}:
            policy = mapping(item.body, "spec").get("stopPolicy")
            if policy != HOLDS[-1]:
                message = f"{'only holds' if policy == HOLDS[0] else 'admits'} work of a tenant that is being retired"
                yield _finding(item, "spec.stopPolicy", "retiring-not-drained", message, _GO_ON)


def _appliers(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """While Flux applies the team's manifests, what is drained comes back."""
    for item in objects:
        if item.namespace == tenancy.name and item.api_version.startswith(_APPLIERS):
            message = "still applies the team's manifests, though the tenant is being retired"
            yield _finding(item, "", "retiring-still-applied", message, _GO_ON)


def _finding(item: ManifestObject, field: str, rule: str, message: str, fix: str) -> Finding:
    return Finding(item.file, str(item), field, rule, Severity.ERROR, message, fix)
