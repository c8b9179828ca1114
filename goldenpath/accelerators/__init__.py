"""The accelerator catalogue: accelerators, and their names on a cluster.

The facts about models and partitions (memory, number for each device, resource names, node labels, DRA classes and
selectors) have sources and dates. They are in ``data/``, one YAML file for each vendor, and are read and validated once.
The rules of each vendor turn these facts into names. A new model is one entry of data; the code changes only if a vendor
changes its rules. The package reads no cluster, network or environment.
"""

from __future__ import annotations

from goldenpath.accelerators.accelerator import Accelerator, Confidence, MemoryOf
from goldenpath.accelerators.accelerator_catalogue import Catalogue
from goldenpath.accelerators.allocation_modes import Allocation, DeviceSharing, MigStrategy, SharingMode
from goldenpath.accelerators.shipped_catalogue import catalogue, catalogue_with
from goldenpath.accelerators.vendor import Taint, Vendor

__all__ = [
    "Accelerator",
    "Allocation",
    "Catalogue",
    "Confidence",
    "DeviceSharing",
    "MemoryOf",
    "MigStrategy",
    "SharingMode",
    "Taint",
    "Vendor",
    "catalogue",
    "catalogue_with",
]
