"""The shared resources that a request claims on one cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Claims", "Share"]

Share = tuple[int, int]
"""Two numbers of an accelerator: quota and borrowing of a tenant, or smallest and largest use of a workload."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a request on one cluster.

    ``accelerators`` are by profile. ``identities`` are SPIFFE IDs by the name of their ClusterSPIFFEID. ``objects`` are
    the rendered objects of a workload, as ``<kind>.<group>/<name>``; no other workload may render them. ``hosts`` are
    the host names of a tenant's routes; no other tenant of the fleet can have them.
    """

    accelerators: Mapping[str, Share] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
