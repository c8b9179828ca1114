"""Rules for HorizontalPodAutoscalers. Source: ``pkg/apis/autoscaling/validation`` of Kubernetes 1.37."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from goldenpath.check.api.violation import ApiRuleViolation, Rule, amount
from goldenpath.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES"]

_IN_GROUPS: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet"})
_SOURCES: Final = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_TARGETS: Final = {
    "containerResource": ("averageUtilization", "averageValue"),
    "external": ("value", "averageValue"),
    "object": ("value", "averageValue"),
    "pods": ("averageValue",),
    "resource": ("averageUtilization", "averageValue"),
}


def _replicas(spec: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    if spec.get("minReplicas") == 0 and not any(
        metric["type"] in {"External", "Object"} for metric in spec.get("metrics", ())
    ):
        yield ApiRuleViolation(
            "minReplicas",
            "replicas",
            "from 0 replicas, only an External or Object metric scales up",
            "Use 1 or more.",
        )
    target = spec["scaleTargetRef"]
    version = target.get("apiVersion", "")
    if version.count("/") > 1 or (not version.rpartition("/")[0] and target["kind"] in _IN_GROUPS):
        message = f"{shown(version)} has no {target['kind']}" if version else "is missing"
        yield ApiRuleViolation(
            "scaleTargetRef.apiVersion", "replicas", message, "Name the group and version, such as apps/v1."
        )
    if spec.get("minReplicas", 1) > spec["maxReplicas"]:
        message = f"{spec['maxReplicas']} is less than minReplicas"
        yield ApiRuleViolation("maxReplicas", "replicas", message, "Raise it, or lower minReplicas.")


def _metric(metric: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    expected = _SOURCES[metric["type"]]
    if expected not in metric:
        yield ApiRuleViolation(expected, "metric", f"type {metric['type']} needs it", "Set it.")
        return
    for name in _SOURCES.values():
        if name in metric and name != expected:
            yield ApiRuleViolation(name, "metric", f"the metric has type {metric['type']}", "Remove it.")
    target, fields = metric[expected].get("target", {}), _TARGETS[expected]
    if not any(field in target for field in fields):
        yield ApiRuleViolation(
            f"{expected}.target", "metric", "the target has no value", f"Set one of: {', '.join(fields)}."
        )
    given = [name for name in ("averageUtilization", "averageValue", "value") if name in target]
    if len(given) > 1 and expected in {"containerResource", "external", "resource"}:
        yield ApiRuleViolation(
            f"{expected}.target",
            "metric",
            f"the target has more than one value: {', '.join(given)}",
            "Keep one.",
        )
    for name in ("averageValue", "value"):
        if name in target and amount(target[name]) <= 0:
            yield ApiRuleViolation(
                f"{expected}.target.{name}", "metric", f"{target[name]} is not above 0", "Raise it."
            )


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "autoscaling.v1.HorizontalPodAutoscalerSpec": (_replicas,),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": (_replicas,),
    "autoscaling.v2.MetricSpec": (_metric,),
}
