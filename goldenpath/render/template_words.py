"""The variables of templates, called words.

Words are append-only within a major version of a golden path: a pinned older version must render the same bytes with
a newer goldenpath.

Every golden path has ``platform`` (see :class:`~goldenpath.tenancy.Platform`), ``fleet``, ``cluster``, ``addons`` (name
to version), ``layout``, ``path`` (name and version), ``policies``, ``labels`` (of every object), and the places of
files: ``home``, ``folder`` and ``flux_file``. A golden path for requests also has ``request`` and ``inputs`` (with
defaults applied). Each kind of request adds words (:meth:`~goldenpath.tenancy.Resolved.words`).
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
    """Return the words for a request on one cluster; ``everywhere`` holds the request on all of its clusters."""
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
