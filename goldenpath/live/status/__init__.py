"""The state of tenants on a cluster: Flux, drift, quota, accelerators, queue, identities, scalers.

For: a table of many tenants and the page of one, from a handful of lists for each cluster, however many tenants there
are; only what seems to have drifted is asked about one by one. :mod:`.reading` does the I/O, :mod:`.understanding` is
pure, and :mod:`.values` is the JSON shape.

Not for: deciding what ought to be there (who calls says), nor changing anything.
"""

from goldenpath.live.status.fleet_status import Expected, status
from goldenpath.live.status.status_values import (
    AcceleratorStatus,
    ClusterStatus,
    FluxStatus,
    Health,
    IdentityStatus,
    QueueStatus,
    QuotaStatus,
    ScalerStatus,
    TenantStatus,
    WorkloadStatus,
)

__all__ = [
    "AcceleratorStatus",
    "ClusterStatus",
    "Expected",
    "FluxStatus",
    "Health",
    "IdentityStatus",
    "QueueStatus",
    "QuotaStatus",
    "ScalerStatus",
    "TenantStatus",
    "WorkloadStatus",
    "status",
]
