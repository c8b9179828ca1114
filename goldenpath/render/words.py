"""The words that templates may use.

They are append-only within a golden path's major version: a pinned older version must keep rendering the
same bytes with a newer goldenpath.

In a golden path for tenants: ``tenancy`` (everything that was worked out, see :class:`~goldenpath.tenancy.Tenancy`),
``tenancies`` (the same on each of the tenant's clusters), ``tenant`` (the request), ``platform``, ``fleet``, ``cluster``, ``layout``, ``path`` (name and version), ``inputs``.
In one for the platform: ``platform``, ``fleet``, ``cluster``, ``layout``, ``path``, ``policies``.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from goldenpath.policies import policies

if TYPE_CHECKING:
    from goldenpath.paths import GoldenPath
    from goldenpath.tenancy import Platform, Tenancy

__all__ = ["platform_words", "tenancy_words"]


def tenancy_words(path: GoldenPath, tenancy: Tenancy, tenancies: Sequence[Tenancy]) -> dict[str, Any]:
    """The words for one tenant on one cluster, which is among all of its clusters."""
    tenant = tenancy.tenant
    return {
        "tenancy": tenancy,
        "tenancies": tenancies,
        "tenant": tenant,
        "platform": tenancy.platform,
        "fleet": tenancy.fleet,
        "cluster": tenancy.platform.cluster,
        "layout": tenancy.platform.layout,
        "path": path,
        "inputs": SimpleNamespace(**path.inputs.complete(tenant.inputs)),
    }


def platform_words(path: GoldenPath, platform: Platform) -> dict[str, Any]:
    """The words for what the tenants of one cluster share."""
    return {
        "platform": platform,
        "fleet": platform.fleet,
        "cluster": platform.cluster,
        "layout": platform.layout,
        "path": path,
        "policies": policies(),
    }
