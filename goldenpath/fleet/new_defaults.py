"""Warn about list entries of overrides that lack a default of a new version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.edits.entry_defaults import lacking_defaults
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity
from goldenpath.intake import Tenants
from goldenpath.repository.object_changes import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from goldenpath.fleet.change_rendering import TenantToRender
    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath.repository.lock import Lock
    from goldenpath.spec.envelope import Envelope

__all__ = ["new_default_findings"]


def new_default_findings(context: FleetContext, work: TenantToRender, wanted: Lock) -> Iterator[Finding]:
    """Findings about entries that overrides add. There are none if the version stays the same.

    Args:
        context: the fleet.
        work: the tenant or workload, with its present lock.
        wanted: its new lock.
    """
    old = work.lock
    if old is None or (old.golden_path, old.version) == (wanted.golden_path, wanted.version):
        return
    document = work.document
    if not document.get("overrides") or old.golden_path != wanted.golden_path:
        return
    parent = work.parent
    tenants = Tenants(lambda name: parent if parent and parent.tenant.name == name else None)
    spec: Envelope = context.parse(document, work.request.file, tenants=tenants, is_new=False)
    bare = spec.model_copy(update={"overrides": ()})

    def rendered(request: Envelope, version: str) -> Mapping[ObjectId, Any]:
        manifests = context.pipeline.render(request, version=version, parent=parent)
        return {ObjectId.of(item): item.body for item in manifests.objects()}

    try:
        before = rendered(bare, old.version)
    except InputError:
        return  # The library lacks the old version, so there is nothing to compare with.
    after, whole = rendered(bare, wanted.version), rendered(spec, wanted.version)
    for identity, body in whole.items():
        if identity not in before or identity not in after:
            continue
        for lacking in lacking_defaults(before[identity], after[identity], body):
            message = (
                f"an override adds {lacking.entry} without `{lacking.field}`, which {wanted.exact} sets in every other "
                "entry of the list"
            )
            fix = "Add the field to the override if the entry needs it."
            rule = "override-lacks-default"
            yield Finding("", str(identity), lacking.entry, rule, Severity.WARNING, message, fix)
