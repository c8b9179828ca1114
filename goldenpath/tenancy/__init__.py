"""A request resolved for one cluster: every default applied, every word looked up, every name computed.

Rendering, checking and publishing all read these values, so that no two of them derive the same fact in
their own way. Pure: no I/O, no clock. Text (YAML, Markdown) does not belong here.
"""

from goldenpath.tenancy.layout import Layout
from goldenpath.tenancy.platform import Platform, platforms_of
from goldenpath.tenancy.repository_paths import RepositoryPaths
from goldenpath.tenancy.resolved import Resolved
from goldenpath.tenancy.tenancy import Tenancy, tenancies_of
from goldenpath.tenancy.workload_on_cluster import WorkloadOnCluster

__all__ = [
    "Layout",
    "Platform",
    "RepositoryPaths",
    "Resolved",
    "Tenancy",
    "WorkloadOnCluster",
    "platforms_of",
    "tenancies_of",
]
