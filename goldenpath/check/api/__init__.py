"""Rules of the API server and of add-ons' webhooks that no schema states.

One module for each part of the API. A rule judges the part of an object that has a definition of Kubernetes' OpenAPI,
such as ``core.v1.PodSpec``, wherever it stands; those of a custom resource are named ``group/Kind``. What is about one
field alone is in the schemas (``tools/kubernetes_limits.yaml``).
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
"""Fields with a definition whose rules the API server does not apply there."""

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
"""The rules of each definition."""
