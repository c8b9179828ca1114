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

    ``selector`` is the label selector for objects of earlier renderings on a cluster.
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
        """Render and check a request or the fleet. For the arguments and errors, see :meth:`goldenpath.Pipeline.run`."""
        rendered = pipeline.run(spec, cluster=cluster, today=today, version=version, parent=parent)
        from_registry = pipeline.fleet.delivery is not None
        objects = {
            (cluster_name := part.resolved.cluster_name): as_applied(
                part.manifests.objects(), cluster_name, from_registry=from_registry
            )
            for part in rendered.parts
        }
        ref = rendered.ref
        name = str(ref.subject) if ref.subject is Subject.PLATFORM else ref.path
        return cls(name, _selector(ref), objects, rendered.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid an apply."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def _selector(ref: Ref) -> str:
    """Select the objects of a platform, a tenant or a workload by their labels; a tenant's selector excludes workloads."""
    if ref.subject is Subject.PLATFORM:
        return f"{MANAGED},!{names.TENANT}"
    of_tenant = f"{MANAGED},{names.TENANT}={ref.namespace}"
    return f"{of_tenant},{names.WORKLOAD}={ref.name}" if ref.tenant else f"{of_tenant},!{names.WORKLOAD}"
