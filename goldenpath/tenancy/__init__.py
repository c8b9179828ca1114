"""Requests resolved for one cluster: defaults are applied, catalogue entries are found, names are computed.

Rendering, checks and publishing read these values, so each fact is derived in one place. The package is pure: no I/O and
no clock. It creates no YAML or Markdown text.
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
