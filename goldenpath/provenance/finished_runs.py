"""Groups the Pods of a cluster by finished runs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.provenance.pod_images import HASH_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.spec.model_builder import Provenance

__all__ = ["pods_of_runs"]


def pods_of_runs(pods: Iterable[Mapping[str, Any]], builder: Provenance) -> list[list[Mapping[str, Any]]]:
    """Return the succeeded Pods of each run, grouped by their owner.

    A person can write a false owner reference, but that does not make one run of different Pods: :class:`FinishedRun`
    compares them.
    """
    runs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for pod in pods:
        metadata, spec, status = (pod.get(key) or {} for key in ("metadata", "spec", "status"))
        steps = spec.get("initContainers") or []
        if any((each.get("name"), each.get("image")) == (HASH_STEP, builder.image) for each in steps):
            owners = metadata.get("ownerReferences") or [{}]
            owner = (str(metadata.get("namespace", "")), str(owners[0].get("uid") or metadata.get("uid", "")))
            if status.get("phase") == "Succeeded":
                runs.setdefault(owner, []).append(pod)
    return [found for _, found in sorted(runs.items())]
