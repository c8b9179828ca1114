"""What the webhooks of add-ons refuse, and their CustomResourceDefinitions do not say.

Kueue 0.19: ``pkg/webhooks/clusterqueue_webhook.go`` and ``cohort_webhook.go``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule
from goldenpath.errors import shown
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]


_PARENTS: Final = ("cohortName", "cohort", "parentName", "parent")
_IN_COHORT: Final = "Name the cohort, or leave the limit out."


def _queue(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec", {})
    seen: dict[str, str] = {}
    flavors: set[str] = set()
    has_parent = any(spec.get(field) for field in _PARENTS)
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
            if flavor["name"] in flavors:
                message = f"flavor {flavor['name']} is there already"
                yield ApiRuleViolation(
                    f"{path}.flavors[{number}].name", "queue", message, "Use each flavor once."
                )
            for place, resource in enumerate(flavor["resources"]):
                for slip in _limits(resource, has_parent=has_parent, is_cohort=body["kind"] == "Cohort"):
                    yield slip._replace(field=f"{where}[{place}].{slip.field}")
        flavors |= {flavor["name"] for flavor in group["flavors"]}


def _limits(resource: dict[str, Any], *, has_parent: bool, is_cohort: bool) -> Iterator[ApiRuleViolation]:
    """What a queue may borrow and lend of a resource; of a Cohort, what it lends is not held against what it has."""
    numbers = {
        field: quantity_value(str(resource[field]))
        for field in ("nominalQuota", "borrowingLimit", "lendingLimit")
        if resource.get(field) is not None
    }
    for field, number in numbers.items():
        if number < 0:
            yield ApiRuleViolation(field, "queue", f"{shown(resource[field])} is negative", "Set 0 or more.")
        is_told_by_its_definition = field == "borrowingLimit" and not is_cohort
        if field != "nominalQuota" and not has_parent and not is_told_by_its_definition:
            yield ApiRuleViolation(field, "queue", "only a queue in a cohort has such a limit", _IN_COHORT)
    lends = numbers.get("lendingLimit")
    if not is_cohort and lends is not None and lends > numbers.get("nominalQuota", 0):
        yield ApiRuleViolation(
            "lendingLimit", "queue", "lends more than it has", "Lower it to nominalQuota at most."
        )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "kueue.x-k8s.io/ClusterQueue": (_queue,),
    "kueue.x-k8s.io/Cohort": (_queue,),
}
