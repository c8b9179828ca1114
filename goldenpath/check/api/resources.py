"""Rules for requests, limits, quotas and limit ranges.

Source: ``validateResourceRequirements``, ``ValidateResourceQuotaSpec`` and ``ValidateLimitRange``
(``pkg/apis/core/validation``) and ``pkg/apis/core/helper`` of Kubernetes 1.37.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount, below, duplicates
from goldenpath.check.formats import is_qualified_name
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES", "is_quota_key"]

_COMPUTE: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE_PAGES: Final = "hugepages-"
_ANY: Final = frozenset({"cpu", "memory", "ephemeral-storage", "storage", "pods", "persistentvolumeclaims"})
_QUOTA_KEYS: Final = frozenset(
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
        "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas",
        "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports",
        "services.loadbalancers",
    }
)  # fmt: skip
# Resources with fractional amounts. All others are counted in whole numbers.
_MEASURED: Final = re.compile(
    r"((requests|limits)\.)?(cpu|memory|storage|ephemeral-storage|hugepages-.+)|.+\.storageclass\.storage\.k8s\.io/.+\.storage"
    r"|.+\.storageclass\.storage\.k8s\.io/requests\.storage",
    re.ASCII,
)
_OF_PODS: Final = frozenset(
    {"pods", *(f"{prefix}{name}" for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory"))}
)
_SCOPES_OF: Final = {
    "BestEffort": frozenset({"pods"}),
    "NotBestEffort": _OF_PODS,
    "Terminating": _OF_PODS,
    "NotTerminating": _OF_PODS,
    "PriorityClass": _OF_PODS,
    "CrossNamespacePodAffinity": _OF_PODS,
}
_OPPOSITES: Final = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _may_overcommit(name: str) -> bool:
    """Whether the limit may exceed the request: only for Kubernetes' own resources, except huge pages."""
    return _is_native(name) and not name.startswith(_HUGE_PAGES)


def _is_container_resource(name: str) -> bool:
    if "/" not in name:
        return name in _COMPUTE or name.startswith(_HUGE_PAGES)
    return is_qualified_name(name)


def is_quota_key(name: str) -> bool:
    if "/" not in name:
        bare = name.removeprefix("requests.").removeprefix("limits.")
        return name in _QUOTA_KEYS or bare.startswith(_HUGE_PAGES) or name.startswith("count/")
    return is_qualified_name(name)


def _requirements(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    limits, requests = value.get("limits", {}), value.get("requests", {})
    for field, amounts in (("limits", limits), ("requests", requests)):
        for name, quantity in amounts.items():
            yield from _container_resource(f"{field}[{name}]", name, quantity)
    for name, quantity in requests.items():
        place = f"requests[{name}]"
        if name in limits:
            request, limit = amount(quantity), amount(limits[name])
            if request > limit:
                message, fix = (
                    f"{quantity} is above the limit {limits[name]}",
                    "Lower it, or raise the limit.",
                )
                yield ApiRuleViolation(place, "resources", message, fix)
            elif request != limit and not _may_overcommit(name):
                message, fix = f"{quantity} differs from the limit {limits[name]}", "Set it to the limit."
                yield ApiRuleViolation(place, "resources", message, fix)
        elif not _may_overcommit(name):
            yield ApiRuleViolation(
                f"limits[{name}]",
                "resources",
                f"is missing: {name} cannot be overcommitted",
                "Set it to the request.",
            )
    names = {*limits, *requests}
    if any(name.startswith(_HUGE_PAGES) for name in names) and not names & {"cpu", "memory"}:
        yield ApiRuleViolation(
            "", "resources", "huge pages need a CPU or memory request", "Set cpu or memory too."
        )
    for index, _ in duplicates(
        (claim["name"], claim.get("request", "")) for claim in value.get("claims", ())
    ):
        yield ApiRuleViolation(f"claims[{index}]", "resources", "the claim appears twice", "Keep one.")


def _container_resource(place: str, name: str, quantity: Any) -> Iterator[ApiRuleViolation]:
    if not _is_container_resource(name):
        fix = "Name cpu, memory, ephemeral-storage, hugepages-<size> or domain/name."
        yield ApiRuleViolation(place, "resources", f"{shown(name)} is not a resource of a container", fix)
    yield from _number(place, name, quantity, "resources")


def _number(place: str, name: str, quantity: Any, rule: str) -> Iterator[ApiRuleViolation]:
    value = amount(quantity)
    if value < 0:
        yield ApiRuleViolation(place, rule, f"{quantity} is negative", "Set 0 or more.")
    elif value % 1 and not _MEASURED.fullmatch(name):
        yield ApiRuleViolation(place, rule, f"{quantity} is not a whole number", "Set a whole number.")


def _volume_resources(value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for field in ("requests", "limits"):
        for name, quantity in value.get(field, {}).items():
            if amount(quantity) < 0:
                yield ApiRuleViolation(
                    f"{field}[{name}]", "resources", f"{quantity} is negative", "Set more than 0."
                )


def _quota(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    hard = spec.get("hard", {})
    for name, quantity in hard.items():
        place = f"hard[{name}]"
        if not is_quota_key(name):
            fix = "Name one such as requests.cpu, pods or count/jobs.batch."
            yield ApiRuleViolation(place, "quota", f"{shown(name)} is not a quota key", fix)
        yield from _number(place, name, quantity, "quota")
    yield from _scopes("scopes", spec.get("scopes", ()), hard)
    expressions = spec.get("scopeSelector", {}).get("matchExpressions", ())
    yield from _scopes("scopeSelector.matchExpressions", [item["scopeName"] for item in expressions], hard)
    for index, item in enumerate(expressions):
        yield from _scope(f"scopeSelector.matchExpressions[{index}]", item)


def _scopes(place: str, scopes: Any, hard: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for scope in scopes:
        allowed = _SCOPES_OF.get(scope)
        for name in hard:
            if (
                allowed is not None
                and name in _QUOTA_KEYS
                and name not in allowed
                and not name.endswith("ephemeral-storage")
            ):
                yield ApiRuleViolation(
                    place,
                    "quota-scope",
                    f"{scope} is a scope of Pods, and {name} does not count Pods",
                    f"Move {name} to a quota without scopes.",
                )
    for one, other in _OPPOSITES:
        if one in scopes and other in scopes:
            yield ApiRuleViolation(
                place, "quota-scope", f"no Pod is both {one} and {other}", "Keep one of the scopes."
            )


def _scope(place: str, item: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    operator, values = item["operator"], item.get("values", ())
    if item["scopeName"] not in {"PriorityClass", "VolumeAttributesClass"} and operator != "Exists":
        yield ApiRuleViolation(
            f"{place}.operator", "quota-scope", f"{item['scopeName']} has no values", "Use Exists."
        )
    if operator in {"In", "NotIn"} and not values:
        yield ApiRuleViolation(
            f"{place}.values", "quota-scope", f"{operator} needs values", "Name at least one."
        )
    if operator in {"Exists", "DoesNotExist"} and values:
        yield ApiRuleViolation(
            f"{place}.values", "quota-scope", f"{operator} takes no values", "Remove them."
        )


def _limit_range(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    limits = spec.get("limits", ())
    for index, kind in duplicates(item["type"] for item in limits):
        yield ApiRuleViolation(
            f"limits[{index}].type", "limits", f"limits for {kind} already exist", "Write them as one entry."
        )
    for index, item in enumerate(limits):
        yield from below(f"limits[{index}]", _limits(item))


_ORDER: Final = (
    ("min", "max"), ("min", "defaultRequest"), ("min", "default"), ("defaultRequest", "default"),
    ("defaultRequest", "max"), ("default", "max"),
)  # fmt: skip
_MEANING: Final = {
    "defaultRequest": "default request",
    "default": "default limit",
    "min": "minimum",
    "max": "maximum",
}


def _limits(item: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    kind = item["type"]
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if item.get(field):
                yield ApiRuleViolation(
                    field,
                    "limits",
                    "a Pod has no defaults, only its containers",
                    "Move it to the limits for Container.",
                )
    if kind == "PersistentVolumeClaim" and not any(
        "storage" in item.get(field, {}) for field in ("min", "max")
    ):
        yield ApiRuleViolation(
            "max",
            "limits",
            "limits for claims need a minimum or maximum storage",
            "Set max.storage or min.storage.",
        )
    for field in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio"):
        for name in item.get(field, {}):
            if not (
                _is_container_resource(name) if kind in {"Pod", "Container"} else "/" in name or name in _ANY
            ):
                yield ApiRuleViolation(
                    f"{field}[{name}]",
                    "limits",
                    f"{shown(name)} is not a resource of a {kind}",
                    "Name cpu, memory, ephemeral-storage or domain/name.",
                )
    yield from _order(item)


def _order(item: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    for low, high in _ORDER:
        for name, quantity in item.get(low, {}).items():
            other = item.get(high, {}).get(name)
            if other is not None and amount(quantity) > amount(other):
                yield ApiRuleViolation(
                    f"{low}[{name}]",
                    "limits",
                    f"the {_MEANING[low]} {quantity} is above the {_MEANING[high]} {other}",
                    "Lower it.",
                )
    for name, quantity in item.get("maxLimitRequestRatio", {}).items():
        yield from _ratio(item, name, quantity)
    for name, quantity in item.get("default", {}).items():
        request = item.get("defaultRequest", {}).get(name)
        if request is not None and not _may_overcommit(name) and amount(request) != amount(quantity):
            message = f"{request} differs from the default limit {quantity}"
            yield ApiRuleViolation(f"defaultRequest[{name}]", "limits", message, "Set the same number.")


def _ratio(item: dict[str, Any], name: str, quantity: Any) -> Iterator[ApiRuleViolation]:
    ratio = amount(quantity)
    low, high = (item.get(field, {}).get(name) for field in ("min", "max"))
    if ratio < 1:
        yield ApiRuleViolation(
            f"maxLimitRequestRatio[{name}]", "limits", f"{quantity} is less than 1", "Use 1 or more."
        )
    elif (
        low is not None
        and high is not None
        and amount(low) > Decimal(0)
        and ratio > amount(high) / amount(low)
    ):
        yield ApiRuleViolation(
            f"maxLimitRequestRatio[{name}]",
            "limits",
            f"{quantity} is above the ratio of max to min, {high} / {low}",
            "Lower it.",
        )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "core.v1.LimitRangeSpec": (_limit_range,),
    "core.v1.ResourceQuotaSpec": (_quota,),
    "core.v1.ResourceRequirements": (_requirements,),
    "core.v1.VolumeResourceRequirements": (_volume_resources,),
}
