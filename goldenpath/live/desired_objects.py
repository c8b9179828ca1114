"""The desired objects of each cluster, and the findings on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from goldenpath import names
from goldenpath.findings import Severity
from goldenpath.spec.ref import Subject
from goldenpath.tenancy.registry_reading import as_applied

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from goldenpath.findings import Finding
    from goldenpath.manifests import ManifestObject
    from goldenpath.pipeline import Parent, Pipeline
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.ref import Ref

__all__ = ["MANAGED", "DesiredObjects"]

MANAGED: Final = "app.kubernetes.io/managed-by=goldenpath"


@dataclass(frozen=True, slots=True)
class DesiredObjects:
    """The objects of a tenant, a workload or a platform, by cluster.

    ``selector`` finds on a cluster what was rendered for the same before.
    """

    name: str
    selector: str
    objects: Mapping[str, tuple[ManifestObject, ...]]
    findings: tuple[Finding, ...]

    @classmethod
    def of(
        cls,
        pipeline: Pipeline,
        spec: Envelope | FleetSpec,
        *,
        cluster: str | None = None,
        today: dt.date | None = None,
        version: str | None = None,
        parent: Parent | None = None,
    ) -> DesiredObjects:
        """What a request, or the fleet, wants on its clusters or on one.

        For the arguments, see :meth:`goldenpath.Pipeline.run`.

        Raises:
            InputError: it is not on that cluster.
            RenderError: a template failed.

        """
        rendered = pipeline.run(spec, cluster=cluster, today=today, version=version, parent=parent)
        from_registry = pipeline.fleet.delivery is not None
        objects = {
            (name := part.resolved.cluster_name): as_applied(
                part.manifests.objects(), name, from_registry=from_registry
            )
            for part in rendered.parts
        }
        ref = rendered.ref
        called = str(ref.subject) if ref.subject is Subject.PLATFORM else ref.path
        return cls(called, _selector(ref), objects, rendered.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid to apply it."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def _selector(ref: Ref) -> str:
    """Finds everything of a platform, a tenant or a workload by its labels; a tenant's workloads are not its own."""
    if ref.subject is Subject.PLATFORM:
        return f"{MANAGED},!{names.TENANT}"
    of_tenant = f"{MANAGED},{names.TENANT}={ref.namespace}"
    return f"{of_tenant},{names.WORKLOAD}={ref.name}" if ref.tenant else f"{of_tenant},!{names.WORKLOAD}"
