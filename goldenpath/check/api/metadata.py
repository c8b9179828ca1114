"""Rules for names, labels, annotations and selectors, of objects and of Pod templates.

Source: ``ValidateObjectMeta`` (``apimachinery/pkg/api/validation``) and ``ValidateLabelSelector``
(``apimachinery/pkg/apis/meta/v1/validation``) of Kubernetes 1.37; the forms of names from each ``Validate…Name``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule
from goldenpath.check.formats import (
    is_dns_label,
    is_dns_name,
    is_label_value,
    is_path_segment,
    is_qualified_name,
)
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES", "check_labels", "check_metadata", "check_name", "check_selector", "selects"]

_MAX_ANNOTATIONS: Final = 256 * 1024

# Kinds whose names are not DNS names: their name is a DNS label, or any segment of a URL path.
_LABEL_NAMED: Final = frozenset({"Namespace", "Service"})
_PATH_NAMED: Final = frozenset(
    {"ClusterRole", "ClusterRoleBinding", "PodDisruptionBudget", "Role", "RoleBinding"}
)
_CORE_GROUPS: Final = frozenset({"", "apps", "batch", "autoscaling", "policy"})
_NEEDS_LABELS: Final = frozenset({"In", "NotIn"})


def check_name(body: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check the name and namespace of an object."""
    metadata, kind = body["metadata"], body["kind"]
    name, prefix = metadata.get("name"), metadata.get("generateName")
    group = body["apiVersion"].rpartition("/")[0]
    is_core = group in _CORE_GROUPS or group.endswith(".k8s.io")
    if not name:
        if not prefix:
            yield ApiRuleViolation("metadata.name", "name", "the object has no name", "Set metadata.name.")
    else:
        yield from _name(name, kind if is_core else "")
    namespace = metadata.get("namespace")
    if namespace and not is_dns_label(namespace):
        fix = "Use at most 63 of a-z, 0-9 and '-', with a letter or digit at both ends."
        yield ApiRuleViolation(
            "metadata.namespace", "namespace", f"{shown(namespace)} is not the name of a namespace", fix
        )


def _name(name: str, kind: str) -> Iterator[ApiRuleViolation]:
    if kind in _PATH_NAMED:
        if not is_path_segment(name):
            yield ApiRuleViolation(
                "metadata.name",
                "name",
                f"{shown(name)} is not a segment of a URL path",
                "Remove '/' and '%'.",
            )
    elif kind in _LABEL_NAMED:
        if not is_dns_label(name):
            fix = "Use at most 63 of a-z, 0-9 and '-', with a letter or digit at both ends."
            yield ApiRuleViolation("metadata.name", "name", f"{shown(name)} is not a DNS label", fix)
    elif not is_dns_name(name):
        fix = "Use at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends of each part."
        yield ApiRuleViolation("metadata.name", "name", f"{shown(name)} is not a DNS name", fix)


def check_metadata(metadata: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check the labels, annotations and finalizers of an object or a template."""
    yield from check_labels(metadata, "labels")
    annotations = metadata.get("annotations")
    if annotations:
        for key in annotations:
            if not is_qualified_name(
                key.lower()
            ):  # in lower case, as the API server does only for annotations
                yield _bad_key("annotations", key)
        size = sum(len(key) + len(value or "") for key, value in annotations.items())
        if size > _MAX_ANNOTATIONS // 4:  # a character has at most four bytes in UTF-8
            size = sum(len(key.encode()) + len((value or "").encode()) for key, value in annotations.items())
        if size > _MAX_ANNOTATIONS:
            message = f"the annotations together have {size:,} bytes"
            yield ApiRuleViolation("annotations", "annotation", message, "Keep them under 256 KiB.")
    for index, name in enumerate(metadata.get("finalizers", ())):
        if not is_qualified_name(name):
            yield ApiRuleViolation(
                f"finalizers[{index}]",
                "finalizer",
                f"{shown(name)} is not a qualified name",
                "Write it as domain/name.",
            )
    if sum(owner.get("controller") is True for owner in metadata.get("ownerReferences", ())) > 1:
        message = "more than one owner has `controller: true`"
        yield ApiRuleViolation("ownerReferences", "owner", message, "Keep it on one owner.")


def check_labels(value: dict[str, Any], field: str) -> Iterator[ApiRuleViolation]:
    """Check the labels at a field."""
    for key, text in value.get(field, {}).items():
        if not is_qualified_name(key):
            yield _bad_key(field, key)
        if text and not is_label_value(text):
            fix = "Use at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', with a letter or digit at both ends."
            yield ApiRuleViolation(f"{field}[{key}]", "label", f"{shown(text)} is not a label value", fix)


def _bad_key(field: str, key: str) -> ApiRuleViolation:
    message = f"{shown(key)} is not a label or annotation key"
    return ApiRuleViolation(f"{field}[{key}]", "label-key", message, "Write it as domain/name.")


def check_selector(selector: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Check a label selector."""
    yield from check_labels(selector, "matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions", ())):
        place, operator = f"matchExpressions[{index}].values", expression["operator"]
        values = expression.get("values", ())
        if operator in _NEEDS_LABELS:
            if not values:
                yield ApiRuleViolation(place, "selector", f"{operator} needs values", "Name at least one.")
            for number, value in enumerate(values):
                if not is_label_value(value):
                    yield ApiRuleViolation(
                        f"{place}[{number}]",
                        "selector",
                        f"{shown(value)} is not a label value",
                        "Name a value that a label can have.",
                    )
        elif values:
            yield ApiRuleViolation(place, "selector", f"{operator} takes no values", "Remove them.")


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a valid selector matches the labels."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _matches(expression["operator"], expression["key"], expression.get("values", ()), labels)
        for expression in selector.get("matchExpressions", ())
    )


def _matches(operator: str, key: str, values: Any, labels: dict[str, str]) -> bool:
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
    return key not in labels


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "meta.v1.LabelSelector": (check_selector,),
    "meta.v1.ObjectMeta": (check_metadata,),
}
