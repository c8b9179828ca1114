"""Waits until objects are ready, or until a timeout."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from goldenpath.cluster.cluster_change_set import ObjectRef
from goldenpath.cluster.readiness import Readiness, ReadinessState, readiness_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from goldenpath.cluster.cluster_client import ClusterClient
    from goldenpath.manifests import ManifestObject

__all__ = ["wait"]

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 3.0


def wait(
    cluster: ClusterClient,
    objects: Iterable[ManifestObject],
    *,
    timeout: float,
    done: Callable[[ObjectRef, Readiness], None] | None = None,
) -> dict[ObjectRef, Readiness]:
    """Wait until every object is ready, or until the timeout. A failure does not end the wait, since controllers retry.

    Args:
        cluster: the cluster.
        objects: the objects, found by name.
        timeout: seconds; 0 reads each object once.
        done: receives each object that became ready, from another thread.

    Returns:
        The last readiness of each object, in order.

    Raises:
        ClusterUnavailableError: the server does not answer.
        ClusterError: this user may not read an object.
    """
    waiting = {ObjectRef.of(item.body): item for item in objects}
    found = dict.fromkeys(waiting, Readiness(ReadinessState.MISSING))
    end, pause = time.monotonic() + timeout, _FIRST_PAUSE
    while True:
        states = cluster.each(lambda ref: _read(cluster, ref), list(waiting))
        for ref, state in zip(list(waiting), states, strict=True):
            found[ref] = state
            if state.state is ReadinessState.READY:
                del waiting[ref]
                if done is not None:
                    done(ref, state)
        remaining = end - time.monotonic()
        if not waiting or remaining <= 0:
            return found
        time.sleep(min(pause, remaining))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _read(cluster: ClusterClient, ref: ObjectRef) -> Readiness:
    resource = cluster.find(ref.api_version, ref.kind)
    return readiness_of(None if resource is None else cluster.get(resource, ref.name, ref.namespace))
