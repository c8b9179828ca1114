"""Rules of add-on webhooks that their CustomResourceDefinitions do not state.

Source: Kueue 0.19, ``clusterqueue_webhook.go``, ``cohort_webhook.go``, ``resourceflavor_webhook.go`` and ``common.go`` in
``pkg/webhooks``. ``tests/cluster/test_queue_webhooks.py`` compares the rules with the real webhooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.metadata import check_labels, check_selector
from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount, below
from goldenpath.check.formats import is_label_value, is_qualified_name
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

__all__ = ["RULES"]


_PARENTS: Final = ("cohortName", "cohort", "parentName", "parent")
_IN_COHORT: Final = "Name the cohort, or remove the limit."
_LABEL_VALUE: Final = (
    "Use at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', with a letter or digit at both ends."
)
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_MOST_IN_ALL: Final = 256
"""The most flavors, and the most covered resources, of all groups together."""
_MOST_IN_GROUP: Final = 512
"""The most pairs of flavor and resource in one group."""
_SMALLEST_WEIGHT: Final = amount("1n")


def _queue(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec", {})
    seen: dict[str, str] = {}
    flavors: set[str] = set()
    has_parent = any(spec.get(field) for field in _PARENTS)
    for index, group in enumerate(spec.get("resourceGroups", ())):
        path = f"spec.resourceGroups[{index}]"
        covered = list(group["coveredResources"])
        for place, name in enumerate(covered):
            if not is_qualified_name(name):
                where = f"{path}.coveredResources[{place}]"
                message = f"{shown(name)} is not the name of a resource"
                yield ApiRuleViolation(where, "queue", message, "Write it as name, or as domain/name.")
            if name in seen:
                message = f"{seen[name]} already covers {name}"
                yield ApiRuleViolation(
                    f"{path}.coveredResources", "queue", message, "Cover each resource in one group."
                )
            seen.setdefault(name, path)
        for number, flavor in enumerate(group["flavors"]):
            where = f"{path}.flavors[{number}].resources"
            if [resource["name"] for resource in flavor["resources"]] != covered:
                fix = f"List {', '.join(covered)}."
                message = "the resources differ from coveredResources, or from its order"
                yield ApiRuleViolation(where, "queue", message, fix)
            if flavor["name"] in flavors:
                message = f"flavor {flavor['name']} already exists"
                yield ApiRuleViolation(
                    f"{path}.flavors[{number}].name", "queue", message, "Use each flavor once."
                )
            for place, resource in enumerate(flavor["resources"]):
                violations = _limits(resource, has_parent=has_parent, is_cohort=body["kind"] == "Cohort")
                yield from below(f"{where}[{place}]", violations)
        flavors |= {flavor["name"] for flavor in group["flavors"]}


def _limits(resource: dict[str, Any], *, has_parent: bool, is_cohort: bool) -> Iterator[ApiRuleViolation]:
    """Check what a queue borrows and lends of a resource. A Cohort may lend more than its nominal quota."""
    numbers = {
        field: amount(resource[field])
        for field in ("nominalQuota", "borrowingLimit", "lendingLimit")
        if resource.get(field) is not None
    }
    for field, number in numbers.items():
        if number < 0:
            yield ApiRuleViolation(field, "queue", f"{shown(resource[field])} is negative", "Set 0 or more.")
        is_in_schema = field == "borrowingLimit" and not is_cohort  # the schema of ClusterQueue has this rule
        if field != "nominalQuota" and not has_parent and not is_in_schema:
            yield ApiRuleViolation(field, "queue", "only a queue in a cohort has such a limit", _IN_COHORT)
    lends = numbers.get("lendingLimit")
    if not is_cohort and lends is not None and lends > numbers.get("nominalQuota", 0):
        yield ApiRuleViolation(
            "lendingLimit", "queue", "the queue lends more than it has", "Lower it to at most nominalQuota."
        )


def _sizes(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check the sums of all lists of a ClusterQueue. Its schema limits each list."""
    groups = body.get("spec", {}).get("resourceGroups", ())
    for noun, field in (("flavors", "flavors"), ("covered resources", "coveredResources")):
        number = sum(len(group[field]) for group in groups)
        if number > _MOST_IN_ALL:
            message = (
                f"the groups together have {number} {noun}, and a ClusterQueue has at most {_MOST_IN_ALL}"
            )
            yield ApiRuleViolation(
                "spec.resourceGroups", "queue", message, "Split it into several ClusterQueues."
            )
    for index, group in enumerate(groups):
        number = sum(len(flavor["resources"]) for flavor in group["flavors"])
        if number > _MOST_IN_GROUP:
            message = f"the flavors together have {number} quotas, and a group has at most {_MOST_IN_GROUP}"
            yield ApiRuleViolation(
                f"spec.resourceGroups[{index}]", "queue", message, "Split it into several groups."
            )


def _namespaces(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    selector = body.get("spec", {}).get("namespaceSelector", {})
    for index, expression in enumerate(selector.get("matchExpressions", ())):
        place = f"spec.namespaceSelector.matchExpressions[{index}]"
        if expression["operator"] not in _OPERATORS:
            message = f"{shown(expression['operator'])} is not an operator of a selector"
            yield ApiRuleViolation(
                f"{place}.operator", "queue", message, f"Use one of: {', '.join(_OPERATORS)}."
            )
        if not is_qualified_name(expression["key"]):
            message = f"{shown(expression['key'])} is not a label key"
            yield ApiRuleViolation(f"{place}.key", "queue", message, "Write it as name, or as domain/name.")
    yield from below("spec.namespaceSelector", check_selector(selector), "queue")


def _admission_checks(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check that admission checks of single flavors name flavors of the queue."""
    spec = body.get("spec", {})
    flavors = {flavor["name"] for group in spec.get("resourceGroups", ()) for flavor in group["flavors"]}
    fix = f"Use one of: {', '.join(sorted(flavors))}." if flavors else "Remove it. The queue has no flavors."
    for index, check in enumerate(spec.get("admissionChecksStrategy", {}).get("admissionChecks", ())):
        for place, name in enumerate(check.get("onFlavors", ())):
            if name not in flavors:
                field = f"spec.admissionChecksStrategy.admissionChecks[{index}].onFlavors[{place}]"
                yield ApiRuleViolation(field, "queue", f"{shown(name)} is not a flavor of this queue", fix)


def _fair_sharing(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    weight = body.get("spec", {}).get("fairSharing", {}).get("weight")
    if weight is None:
        return
    number: Decimal = amount(weight)
    if number < 0 or 0 < number <= _SMALLEST_WEIGHT:
        message = f"{shown(weight)} is not a weight"
        yield ApiRuleViolation("spec.fairSharing.weight", "queue", message, "Use 0, or a number above 1n.")


def _flavor(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    spec = body.get("spec", {})
    yield from below("spec", check_labels(spec, "nodeLabels"), "queue")
    for index, toleration in enumerate(spec.get("tolerations", ())):
        key = toleration.get("key")
        if key and not is_qualified_name(key):
            field, message = f"spec.tolerations[{index}].key", f"{shown(key)} is not the key of a taint"
            yield ApiRuleViolation(field, "queue", message, "Write it as name, or as domain/name.")
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(spec.get("nodeTaints", ())):
        place, key, value = f"spec.nodeTaints[{index}]", taint["key"], taint.get("value", "")
        if not is_qualified_name(key):
            message = f"{shown(key)} is not the key of a taint"
            yield ApiRuleViolation(f"{place}.key", "queue", message, "Write it as name, or as domain/name.")
        if not is_label_value(value):
            yield ApiRuleViolation(
                f"{place}.value", "queue", f"{shown(value)} is not the value of a taint", _LABEL_VALUE
            )
        if (key, taint["effect"]) in seen:
            message = f"taint {key} with effect {taint['effect']} already exists"
            yield ApiRuleViolation(place, "queue", message, "Keep one.")
        seen.add((key, taint["effect"]))


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "kueue.x-k8s.io/ClusterQueue": (_queue, _sizes, _namespaces, _admission_checks, _fair_sharing),
    "kueue.x-k8s.io/Cohort": (_queue, _fair_sharing),
    "kueue.x-k8s.io/ResourceFlavor": (_flavor,),
}
