"""What the webhooks of add-ons refuse, and their CustomResourceDefinitions do not say.

Kueue 0.19: ``pkg/webhooks/clusterqueue_webhook.go`` and ``cohort_webhook.go``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]


def _cluster_queue(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec", {})
    seen: dict[str, str] = {}
    for index, group in enumerate(spec.get("resourceGroups", ())):
        path = f"spec.resourceGroups[{index}]"
        covered = list(group["coveredResources"])
        for name in covered:
            if name in seen:
                message = f"{name} is covered by {seen[name]} already"
                yield ApiRuleViolation(
                    f"{path}.coveredResources", "queue", message, "Cover each resource in one group."
                )
            seen.setdefault(name, path)
        for number, flavor in enumerate(group["flavors"]):
            where = f"{path}.flavors[{number}].resources"
            if [resource["name"] for resource in flavor["resources"]] != covered:
                fix = f"List {', '.join(covered)}."
                yield ApiRuleViolation(
                    where, "queue", "the resources are not the covered ones, in their order", fix
                )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "kueue.x-k8s.io/ClusterQueue": (_cluster_queue,),
    "kueue.x-k8s.io/Cohort": (_cluster_queue,),
}
