"""Checks the objects of a retiring tenant before its removal.

Two commits remove a tenant: the first holds it, the second deletes it (docs/decisions/0013). A hold must let no Pod
start, and must let Flux prune the namespace. The checks read the rendered objects, so they cover each golden path and
override.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath import names
from goldenpath.check.cross_object_checks import HOLDS, quota_limits
from goldenpath.check.finding_factory import object_error, request_finding
from goldenpath.check.object_bodies import mapping
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goldenpath.findings import Finding
    from goldenpath.manifests import ManifestObject
    from goldenpath.tenancy import Tenancy

__all__ = ["check_retiring"]

_DISABLED: Final = "disabled"
_APPLIERS: Final = ("helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/")
_MUST_BE_ZERO: Final = ("pods", "requests.cpu", "requests.memory", "requests.storage")
_FIX: Final = "Remove the override, or let the golden path read `tenancy.is_retiring`."


def check_retiring(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    """Check a tenant that retires on a cluster. Other tenants have no findings.

    Args:
        tenancy: the tenant on one cluster.
        objects: the rendered objects of the tenant there, with overrides applied.
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
        # Flux reads both and ignores case (fluxcd/pkg ssa, AnyInMetadata).
        kept = any(str(part.get(names.PRUNE)).lower() == _DISABLED for part in (labels, annotations))
        if kept:
            message = "is never pruned by Flux, so it would stay when the tenant is deleted"
            yield object_error(
                item, f"metadata.annotations[{names.PRUNE}]", "retiring-namespace-kept", message, _FIX
            )
        if labels.get(names.RETIRING) != "true":
            message = f"has no label {names.RETIRING}, which marks a retiring tenant"
            yield object_error(item, "metadata.labels", "retiring-not-said", message, _FIX)


def _quotas(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    quotas = [item for item in objects if item.kind == "ResourceQuota"]
    limits = quota_limits(quotas).get(tenancy.name, {})
    for key in dict.fromkeys([*_MUST_BE_ZERO, *tenancy.accelerator_quota, *limits]):
        if key not in limits:
            message = f"no ResourceQuota limits {key}, so new Pods can still use it in the retiring tenant"
        elif limits[key] > 0:
            message = f"a ResourceQuota allows {limits[key]:f} of {key} in the retiring tenant"
        else:
            continue
        yield request_finding(tenancy, "retiring-not-held", Severity.ERROR, "retiring", message, fix=_FIX)


def _queues(objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    for item in objects:
        if item.kind in {"ClusterQueue", "LocalQueue"}:
            policy = mapping(item.body, "spec").get("stopPolicy")
            if policy != HOLDS[-1]:
                message = f"{'only holds' if policy == HOLDS[0] else 'admits'} work of a retiring tenant"
                yield object_error(item, "spec.stopPolicy", "retiring-not-drained", message, _FIX)


def _appliers(tenancy: Tenancy, objects: Sequence[ManifestObject]) -> Iterator[Finding]:
    for item in objects:  # While Flux applies the team's manifests, drained work comes back.
        if item.namespace == tenancy.name and item.api_version.startswith(_APPLIERS):
            message = "still applies the team's manifests, although the tenant retires"
            yield object_error(item, "", "retiring-still-applied", message, _FIX)
