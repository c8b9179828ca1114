"""Maps clusters of the fleet to contexts of a kubeconfig.

The current context is never used as a guess, since an apply to the wrong cluster is worse than an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["contexts_for"]


def contexts_for(clusters: Sequence[str], known: Collection[str], *, context: str | None) -> dict[str, str]:
    """Return the context of each cluster: the given one, else the one with the cluster's name.

    Args:
        clusters: names of clusters in the fleet.
        known: the contexts of the kubeconfig.
        context: the context for a single cluster.

    Raises:
        InputError: several clusters for one context, or a cluster without a context.
    """
    if context is not None:
        if len(clusters) > 1:
            message = (
                f"is one context for the clusters {', '.join(clusters)}; name one cluster with --cluster, "
                "or leave out --context and name a context after each cluster"
            )
            raise InputError.of("--context", "one-cluster", message, context)
        return {clusters[0]: context}
    problems = [
        Problem(
            "--context",
            "unknown-context",
            f"the kubeconfig has no context named after the cluster {cluster}; name another context with --context",
            nearest=nearest(cluster, known),
        )
        for cluster in clusters
        if cluster not in known
    ]
    if problems:
        raise InputError(problems)
    return {cluster: cluster for cluster in clusters}
