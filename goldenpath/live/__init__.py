"""Stories that join what is rendered with what is live: diff, apply, status, adopt, and schemas from a cluster.

A request, its fleet and connections come in; values go out, each with a documented JSON shape (``as_dict``), for the
command line, for Backstage and for anybody's Python. Reading and writing a cluster is :mod:`goldenpath.cluster`'s
business, and a fleet repository is :mod:`goldenpath.fleet`'s. No clock, no environment, no printing.
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
