"""Writes drift in Prometheus' text format, for node-exporter's textfile collector or a Pushgateway.

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
_LAST_READ: Final = "goldenpath_drift_last_look_timestamp_seconds"


def drift_metrics(drift: FleetDrift, looked_at: float) -> Iterator[str]:
    """Yield the lines: for each platform, tenant and workload, the number of objects with drift.

    Args:
        drift: the drift.
        looked_at: the time of the reading, in seconds since 1970.
    """
    counts = Counter((each.cluster, each.owner) for each in drift.differences)
    yield f"# HELP {_OBJECTS} Objects that differ from the fleet repository."
    yield f"# TYPE {_OBJECTS} gauge"
    for cluster, owner in drift.looked_at:
        yield f"{_OBJECTS}{{{_labels(cluster, owner)}}} {counts[cluster, owner]}"
    yield f"# HELP {_LAST_READ} When the cluster was last read, in seconds since 1970."
    yield f"# TYPE {_LAST_READ} gauge"
    for cluster in dict.fromkeys(cluster for cluster, _ in drift.looked_at):
        yield f'{_LAST_READ}{{cluster="{cluster}"}} {looked_at:.0f}'


def _labels(cluster: str, owner: Ref) -> str:
    """Return the labels. Names of tenants, workloads and clusters are DNS labels, so they need no escape."""
    labels = {"cluster": cluster, "kind": owner.subject.value}
    if owner.subject is Subject.TENANT:
        labels["tenant"] = owner.name
    elif owner.subject is Subject.WORKLOAD:
        labels |= {"tenant": owner.tenant or "", "workload": owner.name}
    return ",".join(f'{name}="{value}"' for name, value in labels.items())
