"""Combines rendered and live objects: diff, apply, status, drift, adoption, and schemas from a cluster.

The functions take a request, its fleet and connections, and return values with a documented JSON shape (``as_dict``),
for the command line, Backstage and Python. :mod:`goldenpath.cluster` reads and writes clusters, and
:mod:`goldenpath.fleet` reads fleet repositories. This package reads no clock and no environment, and prints nothing.
"""

from goldenpath.live.cluster_schemas import ImportedSchemas, import_schemas
from goldenpath.live.desired_objects import DesiredObjects
from goldenpath.live.drift_metrics import drift_metrics
from goldenpath.live.fleet_drift import FleetDrift, fleet_drift, platform_objects
from goldenpath.live.kube_contexts import contexts_for
from goldenpath.live.live_apply import ApplyProgress, LiveApply, apply
from goldenpath.live.live_diff import LiveDiff, diff
from goldenpath.live.namespace_adoption import FoundNamespace, LiveAdoption, adopt, find
from goldenpath.live.published_tenants import PublishedTenants, published_tenants
from goldenpath.live.status import ClusterStatus, Expected, Health, TenantStatus, status

__all__ = [
    "ApplyProgress",
    "ClusterStatus",
    "DesiredObjects",
    "Expected",
    "FleetDrift",
    "FoundNamespace",
    "Health",
    "ImportedSchemas",
    "LiveAdoption",
    "LiveApply",
    "LiveDiff",
    "PublishedTenants",
    "TenantStatus",
    "adopt",
    "apply",
    "contexts_for",
    "diff",
    "drift_metrics",
    "find",
    "fleet_drift",
    "import_schemas",
    "platform_objects",
    "published_tenants",
    "status",
]
