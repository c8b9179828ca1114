"""The status of a tenant or workload on its clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from goldenpath.live import ClusterStatus
    from goldenpath_backstage.actions.action import ActionCall

__all__ = ["live_status"]


def live_status(name: str, call: ActionCall) -> list[ClusterStatus]:
    """Return the status of a tenant or workload on each of its clusters, with progress in the log.

    Raises:
        InputError: the settings have no kubeconfig, or the fleet has no such tenant or workload.
        ClusterError: a cluster cannot be read.
    """
    # These load the Kubernetes client, an extra that a backend without clusters does not need.
    from goldenpath.cluster import connect, context_names  # noqa: PLC0415
    from goldenpath.live import contexts_for, published_tenants, status  # noqa: PLC0415

    if call.fleet.kubeconfig is None:
        message = "needs the backend's setting `kubeconfig`, which is not set; leave `live` out"
        raise InputError.of("live", "no-clusters", message)
    kubeconfig = str(call.fleet.kubeconfig)
    found = published_tenants(call.fleet.repository, name)
    seen = []
    for cluster, context in contexts_for(found.clusters, context_names(kubeconfig), context=None).items():
        call.check()
        with connect(context, kubeconfig) as connected:
            seen.append(status(cluster, found.expected[cluster], connected))
        for part in seen[-1].parts:
            reasons = "; ".join(part.reasons)
            call.info(f"{part.name} on {cluster}: {part.health.value}{f' ({reasons})' if reasons else ''}")
    return seen
