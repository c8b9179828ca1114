"""What a request takes, on one cluster, of what others could have too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Claims", "Share"]

Share = tuple[int, int]
"""Of an accelerator: what a tenant owns and may borrow, or what a workload uses at least and at most."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a request on one cluster.

    ``accelerators`` are by profile. ``identities`` are SPIFFE IDs by the name of the ClusterSPIFFEID. ``objects`` are
    the rendered objects, as ``<kind>.<group>/<name>``, of a workload: no other workload may render them too. ``hosts``
    are the host names that a tenant's routes may have: no other tenant of the fleet can have them.
    """

    accelerators: Mapping[str, Share] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
