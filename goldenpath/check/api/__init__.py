"""Rules of the API server and of add-on webhooks that no schema states.

Each module has the rules for one part of the API. A rule checks every part of an object with one definition of
Kubernetes' OpenAPI, such as ``core.v1.PodSpec``, or a whole custom resource (``group/Kind``). Rules about a single field
are in the schemas (``tools/kubernetes_limits.yaml``).
"""

from __future__ import annotations

from typing import Final

from goldenpath.check.api import (
    addon_webhooks,
    autoscaling,
    containers,
    extending,
    metadata,
    network,
    pod_scheduling,
    pod_volumes,
    pods,
    resources,
    rights,
    storage,
    workloads,
)
from goldenpath.check.api.metadata import check_name
from goldenpath.check.api.violation import ApiRuleViolation, Rule

__all__ = ["RULES", "UNJUDGED", "ApiRuleViolation", "Rule", "check_name"]

UNJUDGED: Final = frozenset({("autoscaling.v2.MetricIdentifier", "selector")})
"""Fields where the API server does not apply the rules of their definition."""

RULES: Final[dict[str, tuple[Rule, ...]]] = {
    name: rules
    for module in (
        addon_webhooks,
        autoscaling,
        containers,
        extending,
        metadata,
        network,
        pod_scheduling,
        pod_volumes,
        pods,
        resources,
        rights,
        storage,
        workloads,
    )
    for name, rules in module.RULES.items()
}
