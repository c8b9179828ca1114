"""Drift in Prometheus' text format, for a file of node-exporter or a Pushgateway.

The names come from ``telemetry/exporters/goldenpath-status.yaml``; the platform's alerts read them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from goldenpath.spec.ref import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.live.fleet_drift import FleetDrift
    from goldenpath.spec.ref import Ref

__all__ = ["drift_metrics"]

_OBJECTS: Final = "goldenpath_drift_objects"
_LAST_LOOK: Final = "goldenpath_drift_last_look_timestamp_seconds"


def drift_metrics(drift: FleetDrift, looked_at: float) -> Iterator[str]:
    """Lines of the text format: each part that was looked at with the number of its objects that differ.

    Args:
        drift: what was found.
        looked_at: when, in seconds since 1970.
    """
    counts = Counter((each.cluster, each.owner) for each in drift.differences)
    yield f"# HELP {_OBJECTS} Objects that are not as the fleet repository has them."
    yield f"# TYPE {_OBJECTS} gauge"
    for cluster, owner in drift.looked_at:
        yield f"{_OBJECTS}{{{_labels(cluster, owner)}}} {counts[cluster, owner]}"
    yield f"# HELP {_LAST_LOOK} When the cluster was looked at."
    yield f"# TYPE {_LAST_LOOK} gauge"
    for cluster in dict.fromkeys(cluster for cluster, _ in drift.looked_at):
        yield f'{_LAST_LOOK}{{cluster="{cluster}"}} {looked_at:.0f}'


def _labels(cluster: str, owner: Ref) -> str:
    """Names of tenants, workloads and clusters are DNS labels: nothing in them is to be escaped."""
    labels = {"cluster": cluster, "kind": owner.subject.value}
    if owner.subject is Subject.TENANT:
        labels["tenant"] = owner.name
    elif owner.subject is Subject.WORKLOAD:
        labels |= {"tenant": owner.tenant or "", "workload": owner.name}
    return ",".join(f'{name}="{value}"' for name, value in labels.items())
