"""The accelerator catalogue: which accelerators there are, and by which names a cluster knows them.

For: facts about models and their partitions (memory, how many fit, resource names, node labels, DRA classes
and selectors), each with its source and date, and the vendors' rules that turn those facts into names. The
facts are YAML in ``data/``, one file for each vendor, read and validated once, on first use. A new model is
one entry there; code is touched only when a vendor changes its rules.

Stays out: what a fleet has and how it allocates it (``spec``), quotas and manifests (``render``), and judging
them (``check``). Nothing here reads a cluster, the network or the environment.
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
