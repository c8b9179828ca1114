"""Maps clusters of the fleet to contexts of a kubeconfig.

A context is never guessed from what happens to be the current one: to apply a request to a wrong cluster is worse than
to be asked for a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import InputError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["contexts_for"]


def contexts_for(clusters: Sequence[str], known: Collection[str], *, context: str | None) -> dict[str, str]:
    """The context of each cluster: the one that was named, else the one that has the cluster's name.

    Args:
        clusters: names in the fleet.
        known: the contexts of the kubeconfig.
        context: as given, for the one cluster that there is.

    Raises:
        InputError: there are several clusters for one context, or a cluster without a context.

    """
    if context is not None:
        if len(clusters) > 1:
            message = (
                f"one context is one cluster, and there are {', '.join(clusters)}; name one with --cluster, "
                "or leave out --context and have a context of each cluster's name"
            )
            raise InputError.of("--context", "one-cluster", message, context)
        return {clusters[0]: context}
    problems = [
        Problem(
            "--context",
            "unknown-context",
            f"the kubeconfig has no context of the cluster's name, {cluster}; name another with --context",
            nearest=nearest(cluster, known),
        )
        for cluster in clusters
        if cluster not in known
    ]
    if problems:
        raise InputError(problems)
    return {cluster: cluster for cluster in clusters}
