"""The words that templates may use.

They are append-only within a golden path's major version: a pinned older version must keep rendering the
same bytes with a newer goldenpath.

In every golden path: ``platform`` (everything that was worked out for a cluster, see
:class:`~goldenpath.tenancy.Platform`), ``fleet``, ``cluster``, ``addons`` (name to version), ``layout``,
``path`` (name and version), ``policies``, ``labels`` (of every object), and where files go: ``home``, ``folder``
and ``flux_file``. In one for requests also ``request``
(what was asked for) and ``inputs`` (with their defaults applied). What was asked for adds its
own (:meth:`~goldenpath.tenancy.Resolved.words`).
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from goldenpath.policies import policies
from goldenpath.provenance.image_policy import image_policy
from goldenpath.spec.envelope import Envelope
from goldenpath.tenancy import RepositoryPaths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.paths import GoldenPath
    from goldenpath.policies import Policy
    from goldenpath.tenancy import Resolved

__all__ = ["words_of"]


@lru_cache(maxsize=256)
def _policies_for(controllers: tuple[str, ...]) -> tuple[Policy, ...]:
    return tuple(policy.with_controllers(controllers) for policy in policies())


def words_of(path: GoldenPath, resolved: Resolved, everywhere: Sequence[Resolved]) -> dict[str, Any]:
    """The words for one request on one cluster, which is among all of its clusters."""
    platform = resolved.platform
    places = RepositoryPaths(resolved.ref, platform.layout)
    words = {
        "addons": platform.cluster.addons,
        "platform": platform,
        "fleet": platform.fleet,
        "cluster": platform.cluster,
        "layout": platform.layout,
        "path": path,
        "policies": _policies_for(platform.controllers),
        "labels": resolved.labels,
        "home": places.home,
        "folder": places.folder(platform.cluster_name),
        "flux_file": places.flux(platform.cluster_name),
        **resolved.words(everywhere),
    }
    if platform.verifies_models and resolved.ref == platform.ref and platform.fleet.provenance is not None:
        words["image_policies"] = (image_policy(platform.fleet.provenance),)
    if isinstance(resolved.spec, Envelope):
        words["request"] = resolved.spec
        words["inputs"] = SimpleNamespace(**path.inputs.complete(resolved.spec.inputs))
    return words
