"""Finds running Pods that the tenant's policies would refuse when they are created again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.adoption import Leftover, ToDo, objects_once
from goldenpath.check import check_policies
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity
from goldenpath.intake import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.manifests import ManifestObject
    from goldenpath.pipeline import Pipeline
    from goldenpath.spec.tenant import Tenant

__all__ = ["refused_objects"]

_RULE = "adopt-policies-unread"


def refused_objects(
    request: Mapping[str, Any], objects: Mapping[str, Sequence[ManifestObject]], pipeline: Pipeline
) -> tuple[tuple[Leftover, ...], tuple[Finding, ...]]:
    """Return the objects that policies refuse on each cluster, with the fix or the exception for each.

    A request without an owner is checked with a placeholder, which no policy reads. A request with any other problem
    gives one finding, since its Namespace cannot be rendered.
    """
    try:
        tenant = parse({"owner": "owner", **request}, fleet=pipeline.fleet, library=pipeline.library)
    except InputError:
        message = "policies can judge the running Pods only once the request is valid"
        fix = "Correct the request, and check the running objects with `goldenpath check`."
        return (), (Finding("", f"Request {request.get('name')}", "", _RULE, Severity.WARNING, message, fix),)
    found = (
        leftover
        for cluster, here in objects.items()
        for leftover in _refused(tenant, cluster, objects_once(here, tenant.name), pipeline)
    )
    return tuple(sorted(set(found))), ()


def _refused(
    tenant: Tenant, cluster: str, objects: Sequence[ManifestObject], pipeline: Pipeline
) -> Iterator[Leftover]:
    spaces = {
        item.name: item.body
        for item in pipeline.render(tenant, cluster=cluster).objects()
        if item.kind == "Namespace"
    }
    theirs = [
        item
        for item in objects
        if item.namespace == tenant.name
        and item.kind != "Secret"
        and not item.body["metadata"].get("ownerReferences")
    ]
    for finding in check_policies(theirs, namespaces=spaces):
        what = f"policy {finding.rule} refuses it when it is next created or changed: {finding.message.rstrip('.')}"
        advice = f"{finding.fix} Until then, an entry of `exceptions` for policy {finding.rule} allows it."
        yield Leftover(cluster, finding.object, finding.field, ToDo.EXCEPTION, what, advice)
