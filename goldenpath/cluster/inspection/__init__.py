"""Describes a cluster as an entry of the fleet's file: versions, add-ons and accelerators.

For: reading Nodes, ResourceSlices, workloads and discovery, and converting them to a valid entry of
``goldenpath.yaml``, with findings for a person to review. :mod:`.cluster_snapshot` reads; all other modules are pure.

Not for: the usage of tenants (:mod:`goldenpath.live.status`), and changes.
"""

from goldenpath.cluster.inspection.cluster_inspection import Inspection, inspect

__all__ = ["Inspection", "inspect"]
