"""Rules for the scheduling of Pods: affinity, tolerations, topology spread.

Source: ``ValidatePodSpec`` and its callees (``pkg/apis/core/validation``) of Kubernetes 1.37. Rules about a single field
are in the schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, duplicates
from goldenpath.check.formats import is_dns_name, is_label_value
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES", "check_tolerations", "check_topology"]


def check_topology(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check the topology spread constraints of a Pod spec."""
    constraints = spec.get("topologySpreadConstraints", ())
    for index, _ in duplicates((item["topologyKey"], item["whenUnsatisfiable"]) for item in constraints):
        yield ApiRuleViolation(
            f"topologySpreadConstraints[{index}]",
            "duplicate",
            "a constraint for this topology key already exists",
            "Keep one of the two.",
        )
    for index, item in enumerate(constraints):
        if "minDomains" in item and item["whenUnsatisfiable"] != "DoNotSchedule":
            message = "minDomains is only for DoNotSchedule"
            yield ApiRuleViolation(
                f"topologySpreadConstraints[{index}].minDomains",
                "topology",
                message,
                "Remove it, or set whenUnsatisfiable: DoNotSchedule.",
            )
        keys = set(item.get("labelSelector", {}).get("matchLabels", {}))
        for number, key in enumerate(item.get("matchLabelKeys", ())):
            if key in keys or "labelSelector" not in item:
                message = (
                    f"{shown(key)} is in the labelSelector already"
                    if key in keys
                    else "the constraint has no labelSelector to add the key to"
                )
                yield ApiRuleViolation(
                    f"topologySpreadConstraints[{index}].matchLabelKeys[{number}]",
                    "topology",
                    message,
                    "Remove it, or set the labelSelector.",
                )


def check_tolerations(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check the tolerations of a Pod spec."""
    for index, item in enumerate(spec.get("tolerations", ())):
        place = f"tolerations[{index}]"
        operator, value = item.get("operator") or "Equal", item.get("value", "")
        if not item.get("key") and operator != "Exists":
            yield ApiRuleViolation(
                f"{place}.operator",
                "toleration",
                "only Exists works without a key",
                "Set the key, or operator: Exists.",
            )
        if "tolerationSeconds" in item and item.get("effect") != "NoExecute":
            yield ApiRuleViolation(
                f"{place}.effect",
                "toleration",
                "tolerationSeconds is only for the effect NoExecute",
                "Set effect: NoExecute, or remove the seconds.",
            )
        if operator == "Exists" and value:
            yield ApiRuleViolation(
                f"{place}.value", "toleration", "Exists takes no value", "Remove it, or use operator: Equal."
            )
        if operator == "Equal" and not is_label_value(value):
            yield ApiRuleViolation(
                f"{place}.value",
                "toleration",
                f"{shown(value)} is not the value of a taint",
                "Use a valid label value.",
            )


def _node_term(term: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("matchExpressions", "matchFields"):
        for index, expression in enumerate(term.get(field, ())):
            operator, values = expression["operator"], expression.get("values", ())
            place = f"{field}[{index}].values"
            if operator in {"In", "NotIn"} and not values:
                yield ApiRuleViolation(place, "affinity", f"{operator} needs values", "Name at least one.")
            if operator in {"Exists", "DoesNotExist"} and values:
                yield ApiRuleViolation(place, "affinity", f"{operator} takes no values", "Remove them.")
            if operator in {"Gt", "Lt"} and len(values) != 1:
                yield ApiRuleViolation(place, "affinity", f"{operator} takes one value", "Give one number.")
            if field == "matchFields" and (
                expression["key"] != "metadata.name" or operator not in {"In", "NotIn"} or len(values) != 1
            ):
                yield ApiRuleViolation(
                    f"{field}[{index}]",
                    "affinity",
                    "matchFields accepts only metadata.name with one value",
                    "Use key: metadata.name, operator: In.",
                )
            elif field == "matchExpressions":
                yield from _values(place, operator, values)


def _values(place: str, operator: str, values: Any) -> Iterator[ApiRuleViolation]:
    for number, value in enumerate(values):
        if operator in {"In", "NotIn"} and not is_label_value(value):
            yield ApiRuleViolation(
                f"{place}[{number}]",
                "affinity",
                f"{shown(value)} is not a label value",
                "Name a value that a label can have.",
            )
        if operator in {"Gt", "Lt"} and value and not value.lstrip("-").isdecimal():
            yield ApiRuleViolation(
                f"{place}[{number}]", "affinity", f"{shown(value)} is not a number", "Give a whole number."
            )


def _affinity_term(term: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for index, name in enumerate(term.get("namespaces", ())):
        if not is_dns_name(name) or "." in name:
            yield ApiRuleViolation(
                f"namespaces[{index}]",
                "affinity",
                f"{shown(name)} is not the name of a namespace",
                "Name a namespace.",
            )
    if ("matchLabelKeys" in term or "mismatchLabelKeys" in term) and "labelSelector" not in term:
        yield ApiRuleViolation(
            "labelSelector",
            "affinity",
            "is missing: label keys are added to a selector",
            "Set the labelSelector.",
        )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.NodeSelectorTerm": (_node_term,),
    "core.v1.PodAffinityTerm": (_affinity_term,),
}
