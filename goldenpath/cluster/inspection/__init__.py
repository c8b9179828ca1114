"""Describes a cluster as the fleet's file does: versions, add-ons, accelerators, and what is missing.

For: reading Nodes, ResourceSlices, workloads and discovery, and turning them into an entry of ``goldenpath.yaml`` that
parses, with findings for what a person has to look at. Reading is :mod:`.seen`'s; all else here is pure.

Not for: what a tenant uses (:mod:`goldenpath.live.status`), nor changing anything.
"""

from goldenpath.cluster.inspection.cluster_inspection import Inspection, inspect

__all__ = ["Inspection", "inspect"]
