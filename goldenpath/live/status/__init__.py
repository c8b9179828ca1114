"""The status of tenants on a cluster: Flux, drift, quota, accelerators, queue, identities, scalers.

For: a table of many tenants and the page of one. A few lists for each cluster are enough for any number of tenants;
only objects that seem to have drifted get a request of their own. :mod:`.cluster_reading` does the I/O,
:mod:`.tenant_assessment` is pure, and :mod:`.status_values` has the JSON shape.

Not for: the desired state, which the caller passes, and changes.
"""

from goldenpath.live.status.fleet_status import Expected, status
from goldenpath.live.status.status_values import (
    AcceleratorStatus,
    ClusterStatus,
    FluxStatus,
    Health,
    TenantStatus,
    WorkloadStatus,
)

__all__ = [
    "AcceleratorStatus",
    "ClusterStatus",
    "Expected",
    "FluxStatus",
    "Health",
    "TenantStatus",
    "WorkloadStatus",
    "status",
]
