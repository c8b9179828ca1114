"""The words that templates may use.

They are append-only within a golden path's major version: a pinned older version must keep rendering the
same bytes with a newer goldenpath.

In every golden path: ``platform`` (everything that was worked out for a cluster, see
:class:`~goldenpath.tenancy.Platform`), ``fleet``, ``cluster``, ``addons`` (name to version), ``layout``,
``path`` (name and version). In one for tenants also: ``name``, ``namespace`` (the name as a YAML scalar),
``tenant`` (the request), ``tenancy`` (everything that was worked out for it, see
:class:`~goldenpath.tenancy.Tenancy`), ``tenancies`` (the same on each of its clusters), ``inputs``. In one for
the platform also: ``policies``, for the controllers of its cluster.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.policies import policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.paths import GoldenPath
    from goldenpath.tenancy import Platform, Tenancy

__all__ = ["platform_words", "tenancy_words"]


def tenancy_words(path: GoldenPath, tenancy: Tenancy, tenancies: Sequence[Tenancy]) -> dict[str, Any]:
    """The words for one tenant on one cluster, which is among all of its clusters."""
    tenant = tenancy.tenant
    return {
        "name": tenant.name,
        "namespace": kubeyaml.scalar(tenant.name),
        "addons": tenancy.platform.cluster.addons,
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
        "addons": platform.cluster.addons,
        "platform": platform,
        "fleet": platform.fleet,
        "cluster": platform.cluster,
        "layout": platform.layout,
        "path": path,
        "policies": tuple(policy.with_controllers(platform.controllers) for policy in policies()),
    }
