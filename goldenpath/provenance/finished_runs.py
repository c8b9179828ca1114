"""The finished runs among the Pods of a cluster. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goldenpath.provenance.pod_images import HASH_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.spec.model_builder import Provenance

__all__ = ["pods_of_runs"]


def pods_of_runs(pods: Iterable[Mapping[str, Any]], builder: Provenance) -> list[list[Mapping[str, Any]]]:
    """The Pods of each run that has succeeded on all of its nodes, so far as its Pods are there.

    Pods of one Job belong together. An owner reference that a person wrote makes no run of other Pods: the signer compares
    what they are.

    Args:
        pods: Pods of tenants, as the API server has them.
        builder: the fleet's builder.

    """
    runs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for pod in pods:
        metadata, spec, status = (pod.get(key) or {} for key in ("metadata", "spec", "status"))
        steps = spec.get("initContainers") or []
        if any((each.get("name"), each.get("image")) == (HASH_STEP, builder.image) for each in steps):
            owners = metadata.get("ownerReferences") or [{}]
            of = (str(metadata.get("namespace", "")), str(owners[0].get("uid") or metadata.get("uid", "")))
            runs.setdefault(of, [])
            if status.get("phase") == "Succeeded":
                runs[of].append(pod)
    return [found for _, found in sorted(runs.items()) if found]
